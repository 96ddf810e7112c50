"""The trial paper's and the review's counts, recomputed: rows of the domain specification's section 12.

Where the paper contradicts itself (rows 7 and 12) both readings are computed; none is encoded as the truth.
"""

import inspect
import math

import pytest

from her2het.analyses.genes import baseline_genes, paired_genes
from her2het.reference.claims import CLAIMS, CONTRADICTIONS
from her2het.stats.changes import directions, discordance, mcnemar_of_counts
from her2het.stats.estimate import Estimate
from her2het.stats.tables import compare_counts, odds_ratio_of_counts, share_of_counts

# row of section 12, hits, number, per cent as printed, lower and upper exact limit where printed
SHARES = [
    ("4: one biopsy, 130 deposited", 16, 130, 12.3, None),
    ("4: one biopsy, 129 analysed", 16, 129, 12.4, None),
    ("4: two biopsies, 130 deposited", 114, 130, 87.7, None),
    ("4: two biopsies, 129 analysed", 113, 129, 87.6, None),
    ("6: HET biopsies not HER2-enriched", 25, 27, 92.6, (75.7, 99.1)),
    ("7: HET biopsies basal", 22, 27, 81.5, None),
    ("7: HET biopsies luminal", 5, 27, 18.5, None),
    ("8: non-HET to HET", 3, 41, 7.3, (1.5, 19.9)),
    ("9: HET to non-HET", 4, 9, 44.4, (13.7, 78.8)),
    ("10: HET before", 9, 50, 18.0, None),
    ("10: HET after", 8, 50, 16.0, None),
    ("11: IHC decreased", 26, 49, 53.1, None),
    ("11: IHC unchanged", 22, 49, 44.9, None),
    ("11: IHC increased", 1, 49, 2.0, None),
    ("12: decrease, HET", 5, 9, 55.6, None),
    ("12: decrease, non-HET as printed", 17, 40, 42.5, None),
    ("12: decrease, non-HET if 26 decreased", 21, 40, 52.5, None),
    ("12: decrease, HET if 22 is 'unchanged'", 4, 9, 44.4, None),
    ("14: PIK3CA", 17, 126, 13.5, None),
    ("14: ERBB2", 4, 126, 3.2, None),
    ("14: PIK3CA of 125", 17, 125, 13.6, None),
    ("14: PIK3CA of 127", 17, 127, 13.4, None),
    ("14: ERBB2 of 127", 4, 127, 3.1, None),
    ("14: PIK3CA of 129", 17, 129, 13.2, None),
    ("15: PIK3CA at H1047", 12, 17, 70.6, (44.0, 89.7)),
    ("16: ERBB2 at V777", 4, 4, 100.0, None),
    ("17: HER2 3+", 121, 163, 74.2, None),
    ("17: HER2 2+", 40, 163, 24.5, None),
    ("17: FISH only", 2, 163, 1.2, None),
    ("18: HR positive", 112, 163, 68.7, None),
    ("18: stage II or III", 162, 163, 99.4, None),
    ("19: pCR without HET", 78, 141, 55.3, None),
    ("19: pCR without HET, other numerator", 77, 141, 54.6, None),
    ("19: pCR with HET", 0, 16, 0.0, (0.0, 20.6)),
    ("20: pCR without HET, this cohort", 64, 115, 55.7, None),
    ("20: pCR with HET, this cohort", 0, 14, 0.0, (0.0, 23.2)),
    ("21: HET", 16, 157, 10.2, (5.9, 16.0)),
    ("22: DV200, of all", 221, 292, 75.7, None),
    ("22: DV200, of those kept", 221, 285, 77.5, None),
    ("33: pairs that change", 370, 1299, 28.5, None),
    ("34: negative predictive value", 75, 93, 80.6, (71.1, 88.1)),
]


@pytest.mark.parametrize(("row", "hits", "n", "printed", "limits"), SHARES, ids=[s[0] for s in SHARES])
def test_shares(row: str, hits: int, n: int, printed: float, limits: tuple[float, float] | None) -> None:
    e = share_of_counts((hits, n))
    assert round(e.value, 1) == printed
    assert e.n == (n,)
    if limits:
        assert (round(e.low, 1), round(e.high, 1)) == limits


def test_sums() -> None:
    """Rows 1, 2, 3, 5, 11, 13, 17, 23, 24 and 26: patients, samples, pairs and targets add up."""
    assert 64 + 51 + 14 == 129
    assert 292 - 7 == 242 + 43 == 285
    assert 16 * 1 + 113 * 2 == 242
    assert 38 * 2 + 5 * 1 == 81
    assert 38 + 5 == 43
    assert 26 + 22 + 1 == 53 - 2 - 1 - 1 == 49
    assert 41 + 9 == 53 - 2 - 1 == 50
    assert 121 + 40 + 2 == 163
    assert 61 - 3 == 58
    assert 6 + 13 == 19
    assert 6 * 75 == 450


def test_shift_of_het() -> None:
    """Row 10: [[38, 3], [4, 5]], before in rows."""
    table = [[38, 3], [4, 5]]
    exact = mcnemar_of_counts(table)
    assert exact.p == 1.0
    assert exact.value == pytest.approx(100 * (8 - 9) / 50)
    assert mcnemar_of_counts(table, method="mid-p").p == pytest.approx(0.727, abs=5e-4)
    assert discordance(table).value == pytest.approx(14)
    difference = compare_counts((3, 41), (4, 9))
    assert difference.p == pytest.approx(0.0145, abs=5e-5)
    assert [round(v, 1) for v in (difference.value, difference.low, difference.high)] == [-37.1, -66.4, -8.8]


def test_decrease_of_ihc() -> None:
    """Row 11: 26 of 49 fall, 1 rises. Row 12: however its counts are read, the groups do not differ."""
    assert mcnemar_of_counts([[0, 1], [26, 22]]).p == pytest.approx(4.2e-7, rel=0.01)
    assert compare_counts((5, 9), (17, 40)).p == pytest.approx(0.713, abs=5e-4)
    assert compare_counts((4, 9), (22, 40)).p == pytest.approx(0.716, abs=5e-4)


def test_the_papers_contradictions_stay_visible() -> None:
    """Row 7: 22 basal and 5 luminal leave none of 27 HER2-enriched, row 6 leaves two. Row 12: 5 + 17 is not 26."""
    assert 27 - 22 - 5 == 0
    assert 27 - 25 == 2
    assert 5 + 17 == 22  # where row 11 says 26
    as_printed = compare_counts((5, 9), (17, 40)).value
    as_unchanged = compare_counts((4, 9), (22, 40)).value
    assert as_printed > 0 > as_unchanged


def test_response_by_het() -> None:
    """Rows 19 and 20."""
    first = compare_counts((78, 141), (0, 16))
    assert first.p == pytest.approx(1.31e-5, rel=5e-3)
    assert [round(v, 1) for v in (first.value, first.low, first.high)] == [55.3, 34.3, 63.3]
    assert compare_counts((77, 141), (0, 16)).p == pytest.approx(1.38e-5, rel=5e-3)
    second: Estimate = odds_ratio_of_counts((0, 14), (64, 115))
    assert second.p == pytest.approx(5.58e-5, rel=1e-3)
    assert (second.value, second.low) == (0.0, 0.0)
    assert round(second.high, 3) == 0.258


def test_directions() -> None:
    found = directions([[40, 12, 1], [8, 60, 6], [0, 3, 20]])
    assert (found.same, found.up, found.down) == (120, 19, 11)
    assert discordance([[40, 12, 1], [8, 60, 6], [0, 3, 20]]).value == pytest.approx(20.0)


def test_missed_and_overtreated_per_hundred_depend_on_prevalence() -> None:
    """Row 35: sensitivity .97 and specificity .82 are not 3 and 18 of 100 patients; section 7.2 has the numbers."""
    sensitivity, specificity = 0.97, 0.82
    expected = {0.3: (0.90, 12.60), 0.5: (1.50, 9.00), 0.85: (2.55, 2.70)}
    for prevalence, (missed, over) in expected.items():
        assert 100 * prevalence * (1 - sensitivity) == pytest.approx(missed)
        assert 100 * (1 - prevalence) * (1 - specificity) == pytest.approx(over)
    hits, misses, false, true = 0.85 * 0.97, 0.85 * 0.03, 0.15 * 0.18, 0.15 * 0.82
    assert hits / (hits + false) == pytest.approx(0.968, abs=5e-4)
    assert true / (true + misses) == pytest.approx(0.828, abs=5e-4)


def test_cut_offs_of_differential_expression() -> None:
    """Row 30: padj < .05 and a fold change beyond 8 under treatment, beyond 1.5 before it (stats/test_matched.py)."""
    knobs = {a.__name__: inspect.signature(a).parameters for a in (baseline_genes, paired_genes)}
    assert {name: (k["padj"].default, k["fold"].default) for name, k in knobs.items()} == {
        "baseline_genes": (0.05, 1.5),
        "paired_genes": (0.05, 8.0),
    }
    assert (math.log2(8), round(math.log2(1.5), 5)) == (3, 0.58496)


@pytest.mark.parametrize("claim", ["ihc-falls-het", "equitability-after"])
def test_what_the_paper_says_twice_has_no_direction_here(claim: str) -> None:
    """Rows 12 and 28: such a claim is contested, whatever a cohort shows; and rows 7, 14, 24, 29 stand in the list."""
    (one,) = [c for c in CLAIMS if c.id == claim]
    assert one.contested
    named = {c.id for c in CONTRADICTIONS}
    assert {
        "denominator",
        "subtypes",
        "ihc",
        "direction",
        "mutations",
        "exons",
        "dsp-pairs",
        "regions",
        "dv200",
    } <= named
