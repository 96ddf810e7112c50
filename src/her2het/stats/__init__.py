"""Inference with its units: what a number is about is a type, and one atom carries every piece of evidence."""
