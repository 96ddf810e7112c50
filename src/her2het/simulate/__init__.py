"""The synthetic trial with planted truth: `simulate_trial` makes it, `write_trial` makes a study folder of it."""

from her2het.simulate.structure import TRIAL, Structure
from her2het.simulate.trial import SyntheticTrial, simulate_trial
from her2het.simulate.write import write_trial

__all__ = ["TRIAL", "Structure", "SyntheticTrial", "simulate_trial", "write_trial"]
