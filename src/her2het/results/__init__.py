"""The frozen records that analyses return; light, so that figures and report need not load the analyses.

Conventions: `labels` holds the group labels in the study's order and `control` the control group; `excluded` has the
columns `what`, `id`, `reason`, `decided_by`, a row for each thing left out; `notes` are what a reader must know.
"""
