"""Differential expression of counts as DESeq2 1.38.3 estimates it; `run` is the way in, `outcome` the table."""

from her2het.kernels.deseq.outcome import Missing, Outcome, Question, outcome
from her2het.kernels.deseq.pipeline import Run, likelihood_ratio, run

__all__ = ["Missing", "Outcome", "Question", "Run", "likelihood_ratio", "outcome", "run"]
