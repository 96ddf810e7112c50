"""A synthetic trial for the tests of analyses, simulated once per session."""

from dataclasses import dataclass

import pandas as pd
import pytest

from her2het.analyses.groups import group_assignment
from her2het.results.cohort import GroupAssignment
from her2het.schema import Design, Group
from her2het.simulate import SyntheticTrial, simulate_trial
from her2het.simulate.structure import GROUPS
from her2het.simulate.write import EXPRESSIONS


@dataclass(frozen=True, eq=False)
class Demo:
    """A trial with its design, its groups, and the planted truth per patient."""

    trial: SyntheticTrial
    design: Design
    groups: GroupAssignment
    truth: pd.DataFrame


@pytest.fixture(scope="session")
def demo_study() -> Demo:
    """Seed 1 with few genes."""
    trial = simulate_trial(1, genes=4000)
    groups = tuple(Group(label, rule) for label, rule in zip(GROUPS, EXPRESSIONS, strict=True))
    design = Design(
        "SYN", synthetic=True, baseline=("baseline",), followup=("surgery",), groups=groups, control=GROUPS[0]
    )
    assigned = group_assignment(trial.patients, trial.samples, None, design)
    return Demo(trial, design, assigned, trial.truth["patients"].set_index("patient"))
