"""HER2 heterogeneity and treatment response in breast cancer. Research use only."""

__version__ = "0.1.0"
