"""HER2 guideline rules: one case in, a verdict with its trace out. No file and no patient."""
