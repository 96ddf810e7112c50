"""Residual cancer burden: the worked table, its limits, pCR by three definitions, what is refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.reference.guidelines import RCB
from her2het.rules.rcb import rcb, rcb_class, rcb_index
from her2het.schema import StudyError

NAMES = ("d1", "d2", "cellularity", "in_situ", "nodes", "largest_met")
TABLE = [
    ((0, 0, 0, 0, 0, 0), 0.0000, "0", (True, True, True)),
    ((30, 20, 10, 100, 0, 0), 0.0000, "0", (True, False, True)),
    ((1, 1, 1, 0, 0, 0), 0.6399, "I", (False, False, False)),
    ((5, 5, 1, 0, 0, 0), 0.8413, "I", (False, False, False)),
    ((10, 10, 5, 0, 0, 0), 1.2444, "I", (False, False, False)),
    ((0, 0, 0, 0, 1, 2), 1.1251, "I", (False, False, True)),
    ((20, 15, 20, 5, 2, 8), 3.2804, "III", (False, False, False)),
    ((40, 30, 60, 0, 6, 15), 4.2851, "III", (False, False, False)),
]


def of(values, **more):
    return rcb(**dict(zip(NAMES, values, strict=True)), **more)


@pytest.mark.parametrize(("values", "index", "rcb_class_", "pcr"), TABLE)
def test_worked_table(values, index, rcb_class_, pcr):
    found = of(values)
    assert found.index == pytest.approx(index, abs=5e-5)
    assert found.rcb_class == rcb_class_
    assert tuple(found.pcr.values()) == pcr
    assert list(found.pcr) == ["ypT0/is ypN0", "ypT0 ypN0", "ypT0/is"]
    assert found.pcr["ypT0/is ypN0"] == (found.rcb_class == "0")


def test_twin_from_the_definition():
    d, f = (20 * 15) ** 0.5, (1 - 5 / 100) * 20 / 100
    expected = 1.4 * (f * d) ** 0.17 + (4 * (1 - 0.75**2) * 8) ** 0.17
    index, breast, node = rcb_index(d1=20, d2=15, cellularity=20, in_situ=5, nodes=2, largest_met=8)
    assert index == breast + node == pytest.approx(expected, rel=1e-15)


def test_an_index_that_prints_as_its_limit_is_flagged():
    found = of((20, 15, 20, 5, 2, 8))
    assert [flag.code for flag in found.flags] == ["NEAR_CUT"]
    assert found.rcb_class == "III"
    assert not of((5, 5, 1, 0, 0, 0)).flags


@pytest.mark.parametrize(
    ("index", "upper", "lower"),
    [
        (0.0, "0", "0"),
        (1.36, "I", "II"),
        (1.3600001, "II", "II"),
        (3.28, "II", "III"),
        (3.2800001, "III", "III"),
        (1e-9, "I", "I"),
    ],
)
def test_boundaries(index, upper, lower):
    assert rcb_class(index) == upper
    assert rcb_class(index, "lower_inclusive") == lower


def test_limits_in_millimetres():
    """Without nodes I/II lies at f d = 0.843 mm and II/III at 149.6 mm: node-negative RCB-III is all but impossible."""
    for limit, mm in ((RCB.class_1_up_to, 0.843), (RCB.class_2_up_to, 149.6)):
        assert (limit / RCB.primary_factor) ** (1 / RCB.power) == pytest.approx(mm, rel=1e-3)


@pytest.mark.parametrize("left_out", range(6))
def test_missing_is_not_zero(left_out):
    values = [20, 15, 20, 5, 2, 8]
    values[left_out] = None
    found = of(values)
    assert found.index is None
    assert found.rcb_class is None
    assert len(found.missing) == 1
    assert found.missing[0].startswith(NAMES[left_out])


def test_cancer_found_decides_even_where_something_is_missing():
    assert of((None, None, 20, 5, None, None)).pcr == {"ypT0/is ypN0": False, "ypT0 ypN0": False, "ypT0/is": False}
    assert of((None, None, None, None, 2, 8)).pcr == {"ypT0/is ypN0": False, "ypT0 ypN0": False, "ypT0/is": None}
    assert of((None, None, 0, None, None, None)).pcr == {"ypT0/is ypN0": None, "ypT0 ypN0": None, "ypT0/is": True}


REFUSED = [
    ((20, 15, 20, 5, 2, 0), "both are 0 or neither"),
    ((20, 15, 20, 5, 0, 3), "both are 0 or neither"),
    ((20, 15, 101, 5, 0, 0), "rcb.cellularity: 101"),
    ((20, 15, 20, -5, 0, 0), "rcb.in_situ: -5"),
    ((20, 15, 20, 5, 1.5, 3), "rcb.nodes: 1.5"),
    ((20, 15, 20, 5, -1, 3), "rcb.nodes: -1"),
    ((-20, 15, 20, 5, 0, 0), "rcb.d1: -20"),
    ((0, 15, 20, 5, 0, 0), "Give both diameters"),
    (("2 cm", 15, 20, 5, 0, 0), "rcb.d1: '2 cm' is not a number"),
]


@pytest.mark.parametrize(("values", "words"), REFUSED)
def test_refusals(values, words):
    with pytest.raises(StudyError) as caught:
        of(values)
    assert words in str(caught.value)


sizes = st.integers(1, 200)


@settings(deadline=None)
@given(
    sizes, sizes, st.integers(1, 100), st.integers(0, 99), st.integers(0, 30), st.integers(1, 60), st.integers(1, 20)
)
def test_more_disease_never_lowers_the_index(d1, d2, ca, cis, nodes, met, more):
    met = met if nodes else 0
    start = of((d1, d2, ca, cis, nodes, met)).index
    grown = [
        (d1 + more, d2, ca, cis, nodes, met),
        (d2, d1, ca, cis, nodes, met),
        (d1, d2, ca, cis, nodes + more, met or 1),
    ]
    assert start is not None
    for values in grown:
        index = of(values).index
        assert index is not None
        assert index >= start - 1e-12


def test_json():
    found = json.loads(json.dumps(of((20, 15, 20, 5, 2, 8)).as_dict()))
    assert found["intended_use"] == "research_use_only"
    assert found["reference"]["doi"] == "10.1200/JCO.2007.10.6823"
    assert found["rcb_class"] == "III"
    assert found["ruleset_version"] == "rcb-2007/1"
    assert len(found["inputs_sha256"]) == 64
    assert found["inputs_sha256"] == of(("20.0", 15, 20, 5, 2, 8)).inputs_sha256
    assert found["inputs_sha256"] != of((21, 15, 20, 5, 2, 8)).inputs_sha256
