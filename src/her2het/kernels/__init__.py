"""The numerics: arrays in, arrays out. No file, patient or column names."""
