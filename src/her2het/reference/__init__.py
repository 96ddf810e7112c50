"""Published facts with their sources: tables in `data/`, guideline cut-offs as frozen, cited records."""
