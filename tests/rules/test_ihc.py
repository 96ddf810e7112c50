"""IHC scores: every boundary row under every version, the other inputs, and what is refused."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from her2het.reference.guidelines import VERSIONS
from her2het.rules.case import case_from
from her2het.rules.ihc import PATTERNS, ihc_from, score_ihc
from her2het.rules.status import Policy, verdict
from her2het.schema import StudyError

REVIEW = "review"
# input, then score under 2007, 2013, 2018 = 2023 (None: left to review), then stratum of 2023
ROWS = [
    (1, {"ic": "0"}, ("0", "0", "0"), "null"),
    (2, {"fi": "0.5"}, ("1+", "0", "0"), "ultralow"),
    (3, {"fi": "10"}, ("1+", "0", "0"), "ultralow"),
    (4, {"fi": "10.1"}, ("1+", "1+", "1+"), "low"),
    (5, {"fi": "80"}, ("1+", "1+", "1+"), "low"),
    (6, {"mc": "10"}, ("2+", None, None), "review"),
    (7, {"mc": "10.1"}, ("2+", "2+", "2+"), "unresolved"),
    (8, {"ic": "10"}, ("2+", "2+", "2+"), "unresolved"),
    (9, {"ic": "10.1"}, ("2+", "3+", "3+"), "positive"),
    (10, {"ic": "30"}, ("2+", "3+", "3+"), "positive"),
    (11, {"ic": "30.1"}, ("3+", "3+", "3+"), "positive"),
    (12, {"ic": "0.5", "fi": "40"}, ("2+", "2+", "2+"), "unresolved"),
    (13, {"ii": "60"}, ("1+", "2+", "2+"), "unresolved"),
    (14, {"fi": "8", "mc": "4"}, ("1+", "1+", "1+"), "low"),
    (15, {"mc": "8", "ic": "3"}, ("2+", "2+", "2+"), "unresolved"),
]
CELLS = [
    (row, given_, version, scores[i], stratum)
    for row, given_, scores, stratum in ROWS
    for i, version in enumerate(VERSIONS[:3])
]
CELLS += [(row, given_, "2023", scores[2], stratum) for row, given_, scores, stratum in ROWS]


@pytest.mark.parametrize(("row", "patterns", "version", "score", "stratum"), CELLS)
def test_boundary_rows(row, patterns, version, score, stratum):
    found = verdict(case_from({"ihc": patterns}), version)
    assert found.ihc_score == score, row
    assert found.stratum == (stratum if version in {"2018", "2023"} else None)
    if score is None:
        assert found.status == "INDETERMINATE"
        assert found.has("INDETERMINATE_REVIEW")


STATUS = {"0": "NEGATIVE", "1+": "NEGATIVE", "2+": "EQUIVOCAL", "3+": "POSITIVE", None: "INDETERMINATE"}


@pytest.mark.parametrize(("row", "patterns", "version", "score", "stratum"), CELLS)
def test_status_without_ish(row, patterns, version, score, stratum):
    found = verdict(case_from({"ihc": patterns}), version)
    assert found.status == STATUS[score]
    assert (found.status == "EQUIVOCAL") == any("ISH" in action for action in found.next_actions)


FLAGGED = [
    ({"ic": "0.5", "fi": "40"}, "2018", "LIMITED_INTENSE"),
    ({"ic": "10"}, "2018", "LIMITED_INTENSE"),
    ({"ii": "60", "circumferential": False}, "2013", "UNCOVERED"),
    ({"ii": "60"}, "2018", "UNCOVERED"),
    ({"ii": "60"}, "2007", "UNCOVERED"),
    ({"mc": "5"}, "2007", "UNCOVERED"),
    ({"mc": "10"}, "2018", "UNCOVERED"),
    ({"wi": "5"}, "2018", "UNCOVERED"),
    ({"fi": "8", "mc": "4"}, "2018", "MIXED"),
    ({"fi": "8", "mc": "4"}, "2018", "CUMULATIVE_MATTERS"),
    ({"mc": "8", "ic": "3"}, "2018", "LIMITED_INTENSE"),
]


@pytest.mark.parametrize(("patterns", "version", "flag"), FLAGGED)
def test_flags(patterns, version, flag):
    assert flag in {f.code for f in score_ihc(ihc_from(patterns), version).flags}


@pytest.mark.parametrize("version", ["2013", "2018", "2023"])
@pytest.mark.parametrize(
    ("patterns", "policy", "score", "stratum"),
    [
        ({"mc": "10"}, Policy(uncovered="conventional"), "1+", "low"),
        ({"fi": "8", "mc": "4"}, Policy(), "1+", "low"),
        ({"fi": "8", "mc": "4"}, Policy(cumulative=False), None, "review"),
        ({"fi": "8", "mc": "4"}, Policy(cumulative=False, uncovered="conventional"), "1+", "low"),
        ({"mc": "8", "ic": "3"}, Policy(cumulative=False), "2+", "unresolved"),
        ({"fi": "6", "wi": "6"}, Policy(), "1+", "low"),
        ({"fi": "6", "wi": "6"}, Policy(cumulative=False), None, "review"),
    ],
)
def test_policies(version, patterns, policy, score, stratum):
    found = verdict(case_from({"ihc": patterns}), version, policy)
    assert found.ihc_score == score
    assert found.stratum == (None if version == "2013" else stratum)


@pytest.mark.parametrize(
    ("patterns", "score"),
    [
        ({"ii": "12", "wi": "0"}, "2+"),
        ({"ii": "6", "wi": "6"}, "1+"),  # weak incomplete staining counts only where it runs around the cell
        ({"ii": "6", "wi": "6", "circumferential": True}, "2+"),
        ({"ii": "6", "mc": "6"}, "2+"),
        ({"ii": "6", "mc": "6", "circumferential": False}, "1+"),
        ({"wi": "60"}, "1+"),
        ({"wi": "60", "circumferential": "yes"}, "2+"),
    ],
)
def test_2013_counts_circumferential_incomplete_staining(patterns, score):
    assert score_ihc(ihc_from(patterns), "2013").score == score


def test_2018_wants_complete_staining():
    patterns = {"ii": "6", "mc": "6"}
    assert score_ihc(ihc_from(patterns), "2013").score == "2+"
    assert score_ihc(ihc_from(patterns), "2018").score == "1+"


@pytest.mark.parametrize(
    ("cells", "score"),
    [
        ({"mc": 101, "n": 1000}, "2+"),
        ({"mc": 100, "n": 1000}, None),
        ({"ic": 1, "n": 9}, "3+"),
        ({"fi": 1, "n": 10}, "0"),
    ],
)
def test_cells_decide_on_integers(cells, score):
    assert score_ihc(ihc_from(cells), "2018").score == score


def test_a_third_of_cells_is_not_a_rounded_percentage():
    """10.04 % prints as 10.0 % but is above 10 %."""
    assert score_ihc(ihc_from({"fi": 1004, "n": 10000}), "2018").score == "1+"


@pytest.mark.parametrize(
    ("scores", "version", "score"),
    [
        ({"0": 40, "1": 30, "2": 20, "3": 10}, "2018", "2+"),
        ({"0": 40, "1": 30, "2": 19, "3": 11}, "2018", "3+"),
        ({"0": 40, "1": 30, "2": 19, "3": 11}, "2007", "2+"),
        ({"0": 95, "1": 5}, "2018", "0"),
        ({"0": 95, "1+": 5}, "2007", "1+"),
        ({"0": 100}, "2018", "0"),
    ],
)
def test_scores_of_cells(scores, version, score):
    assert score_ihc(ihc_from({"cell_scores": scores}), version).score == score


@pytest.mark.parametrize(
    ("zero", "stratum"),
    [(None, "zero_unspecified"), ("unspecified", "zero_unspecified"), ("none", "null"), ("faint", "ultralow")],
)
def test_a_bare_zero_is_not_null(zero, stratum):
    record = {"ihc": {"score": "0", "zero_staining": zero}}
    found = verdict(case_from(record), "2023")
    assert found.stratum == stratum
    assert found.has("ZERO_UNSPECIFIED") == (stratum == "zero_unspecified")


@pytest.mark.parametrize("score", ["0", "1+", "2+", "3+"])
def test_a_bare_score_is_carried_and_says_so(score):
    for version in VERSIONS:
        result = score_ihc(ihc_from({"score": score}), version)
        assert result.score == score
        assert "LEGACY_SCORE" in {f.code for f in result.flags}
    known = score_ihc(ihc_from({"score": score, "scored_under": "2018"}), "2023")
    assert "LEGACY_SCORE" not in {f.code for f in known.flags}
    old = score_ihc(ihc_from({"score": score, "scored_under": "2007"}), "2023")
    assert "LEGACY_SCORE" in {f.code for f in old.flags}


@pytest.mark.parametrize(
    "record", [{"ic": "90", "controls_ok": False}, {"score": "3+", "controls_ok": "no"}, {"controls_ok": False}]
)
def test_failed_controls_leave_no_result(record):
    for version in VERSIONS:
        found = verdict(case_from({"ihc": record}), version)
        assert found.status == "INDETERMINATE"
        assert found.has("CONTROLS_FAILED")
        assert any("another specimen" in action for action in found.next_actions)


REFUSED = [
    ({"ic": -1}, "ihc.ic: -1 is outside 0 to 100"),
    ({"ic": 60, "mc": 41}, "add up to 101 %, above 100"),
    ({"ic": "sixty"}, "is not a number"),
    ({"ic": "6,5"}, "Write decimals with a point"),
    ({"ic": "nan"}, "is not finite"),
    ({"fi": 3, "n": 0}, "0 invasive cells"),
    ({"fi": 30, "n": 20}, "add up to 30 of 20 cells"),
    ({"fi": 2.5, "n": 20}, "not a whole number"),
    ({"score": "4+"}, "is none of 0"),
    ({"score": "2+", "ic": 5}, "given together"),
    ({"score": "2+", "zero_staining": "none"}, "goes with 0"),
    ({"ic": 5, "zero_staining": "none"}, "goes with a bare score"),
    ({"score": "2+", "n": 20}, "not with a bare score"),
    ({}, "no score and no pattern"),
    ({"scores": "2+"}, "Did you mean 'score'?"),
    ({"cell_scores": {"4": 5}}, "is none of 0, 1, 2, 3"),
    ({"cell_scores": 5}, "is not a list of scores"),
    ({"cell_scores": {"1": 5, "1+": 20}}, "score 1 is given twice"),
    ({"cell_scores": {"0": 40, "3": 5}}, "add up to 45 %, below 100"),
    ({"none": 12, "fi": 3, "n": 20}, "add up to 15 of 20 cells"),
    ({"ic": "1e-999999999"}, "more than 40 digits"),
    ({"fi": "0e-999999999"}, "more than 40 digits"),
    ({"fi": 3, "n": "1e999999999"}, "more than 40 digits"),
    ({"ic": "x" * 5000}, "x …"),
    ({"ic": 5, "controls_ok": "perhaps"}, "neither yes nor no"),
]


@pytest.mark.parametrize(("record", "words"), REFUSED)
def test_refusals_name_place_and_remedy(record, words):
    with pytest.raises(StudyError, match="ihc") as caught:
        ihc_from(record)
    assert words in str(caught.value)
    assert str(caught.value).rstrip().endswith((".", "?"))


def test_rounding_tolerance():
    assert ihc_from({"ic": "60.5", "mc": "40"}).shares is not None
    assert ihc_from({"cell_scores": {"0": 33, "1": 33, "2": 33}}).shares is not None
    with pytest.raises(StudyError, match=r"100\.6 %, above 100"):
        ihc_from({"ic": "60.6", "mc": "40"})
    with pytest.raises(StudyError) as caught:
        ihc_from({"ic": "x" * 5000})
    assert len(str(caught.value)) < 300


shares = st.lists(st.integers(0, 1000), min_size=5, max_size=5).filter(lambda k: sum(k) <= 1000)
ORDER = {"0": 0, "1+": 1, "2+": 2, "3+": 3}


@settings(deadline=None)
@given(shares, st.sampled_from(VERSIONS), st.booleans())
def test_a_score_or_a_review_for_every_pattern(counts, version, cumulative):
    given_ = ihc_from({**dict(zip(PATTERNS, counts, strict=True)), "n": 1000})
    result = score_ihc(given_, version, cumulative=cumulative)
    assert (result.score is None) == (result.category == "review")
    assert result.steps
    if version == "2007":
        assert result.score is not None
    assert (result.zero is not None) == (result.score == "0")


@settings(deadline=None)
@given(shares, st.sampled_from(VERSIONS), st.integers(1, 7))
def test_scaling_cells_changes_nothing(counts, version, factor):
    one = score_ihc(ihc_from({**dict(zip(PATTERNS, counts, strict=True)), "n": 1000}), version)
    more = score_ihc(
        ihc_from({**dict(zip(PATTERNS, (factor * c for c in counts), strict=True)), "n": 1000 * factor}), version
    )
    assert (one.score, one.zero) == (more.score, more.zero)


@settings(deadline=None)
@given(shares, st.sampled_from(VERSIONS))
def test_percentages_and_cells_agree(counts, version):
    cells = score_ihc(ihc_from({**dict(zip(PATTERNS, counts, strict=True)), "n": 1000}), version)
    percents = score_ihc(ihc_from({k: f"{c // 10}.{c % 10}" for k, c in zip(PATTERNS, counts, strict=True)}), version)
    assert cells.score == percents.score


@settings(deadline=None)
@given(shares, st.sampled_from(VERSIONS), st.integers(0, 1000))
def test_more_intense_complete_staining_never_lowers_the_score(counts, version, more):
    ic, *rest = counts
    more = min(more, 1000 - sum(counts))
    before = score_ihc(
        ihc_from({**dict(zip(PATTERNS, counts, strict=True)), "n": 1000}), version, uncovered="conventional"
    )
    after = score_ihc(
        ihc_from({**dict(zip(PATTERNS, (ic + more, *rest), strict=True)), "n": 1000}), version, uncovered="conventional"
    )
    assert ORDER[after.score or "0"] >= ORDER[before.score or "0"]


def transcribed(version, ic, ii, mc, wi, fi, ring):
    """The executable order of the specification, line by line, in percent; None where it is left to review."""
    low = mc + ii + wi + fi
    if version == "2007":
        if ic > 30:
            return "3+"
        if mc + ic >= 10 or ic > 0:
            return "2+"
        return "1+" if low > 0 else "0"
    complete = mc + ic
    if version == "2013":
        complete += {None: ii, True: ii + wi, False: 0}[ring]
    if ic > 10:
        return "3+"
    if complete > 10 or ic > 0 or ii > 10:
        return "2+"
    if low > 10:
        return "1+"
    return None if mc + ii > 0 else "0"


@settings(deadline=None)
@given(shares, st.sampled_from(VERSIONS), st.sampled_from([None, True, False]))
def test_twin_of_the_executable_order(counts, version, ring):
    found = score_ihc(
        ihc_from({**dict(zip(PATTERNS, counts, strict=True)), "n": 1000, "circumferential": ring}), version
    )
    assert found.score == transcribed(version, *(Fraction(count, 10) for count in counts), ring)


small = st.lists(st.integers(0, 130), min_size=5, max_size=5)


@settings(deadline=None)
@given(small, st.sampled_from(VERSIONS), st.sampled_from([None, True, False]))
def test_twin_near_the_limits(counts, version, ring):
    found = score_ihc(
        ihc_from({**dict(zip(PATTERNS, counts, strict=True)), "n": 1000, "circumferential": ring}), version
    )
    assert found.score == transcribed(version, *(Fraction(count, 10) for count in counts), ring)
