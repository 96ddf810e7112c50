"""Each definition of heterogeneity carries its source, and its integers say what its words say."""

import re

import pytest

from her2het.kernels.fish import CellRule
from her2het.kernels.het_call import Limits
from her2het.reference.het_profiles import BY_NAME, DEFINITIONS, HetDefinition, HetProfile


def test_every_name_has_one_definition() -> None:
    assert [d.name for d in DEFINITIONS] == list(HetProfile)
    assert set(BY_NAME) == set(HetProfile)


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda d: d.name)
def test_a_definition_is_cited_and_fits_the_kernels(definition: HetDefinition) -> None:
    assert re.fullmatch(r"10\.\d{4,5}/\S+", definition.doi)
    assert CellRule(*definition.cell.integers).ratio_num == definition.cell.ratio_num
    assert Limits(*definition.limits.integers).high_den == definition.limits.high_den
    assert definition.cell.ratio_den > 0 or definition.cell.min_copies > 0
    assert 0 < definition.limits.low < definition.limits.high < 1
    assert definition.n_min >= 20
