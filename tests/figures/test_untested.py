"""What could not be tested is never said to be no finding."""

import math
from collections.abc import Callable

import pytest

from her2het.figures import fish_status, mutations, paired, response, scores
from her2het.results.scores import ImmuneScores
from her2het.stats.estimate import Estimate


def estimate(p: float, groups: tuple[str, ...], effect: str = "shift") -> Estimate:
    value = math.nan if math.isnan(p) else 0.1
    return Estimate(
        contrast="HET, after − before",
        effect=effect,
        unit="",
        value=value,
        low=value,
        high=value,
        n=(4, 4),
        method="none",
        p=p,
        q=p,
        quantity="Score",
        groups=groups,
    )


SAY: dict[str, tuple[Callable[[Estimate], str], tuple[str, ...], str]] = {
    "odds": (response._odds_words, ("pCR", "no pCR"), "odds ratio"),
    "mutations": (mutations._words, ("HET", "non-HET"), "difference of shares"),
    "pairs": (paired._words, ("HET",), "shift"),
    "classes": (fish_status._class_words, ("HR+",), "shift"),
    "scores": (lambda e: scores._changed(object.__new__(ImmuneScores), e), ("HET",), "shift"),
}


@pytest.mark.parametrize("name", SAY)
def test_without_a_p_nothing_is_said_to_be_absent(name: str) -> None:
    say, groups, effect = SAY[name]
    untested, none = say(estimate(math.nan, groups, effect)), say(estimate(0.5, groups, effect))
    assert "could not be" in untested
    assert "No " not in untested
    assert none.startswith("No ")


def test_odds_say_that_they_are_adjusted_only_where_they_are() -> None:
    assert "adjusted" not in response._odds_words(estimate(0.5, (), "odds ratio"))
    assert "adjusted for hormone receptor" in response._odds_words(estimate(0.5, (), "adjusted odds ratio"))
