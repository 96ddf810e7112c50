"""One reader per source format: a file in, a checked table out."""
