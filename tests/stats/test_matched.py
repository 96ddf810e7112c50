"""Numbers of genes at equal numbers of patients: the cut, the draws, and what they say of the smaller part."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from her2het.schema import Matrix, StudyError
from her2het.stats.matched import Cut, matched_difference, numbers_at_size, paired_fit

PATIENTS = tuple(f"p{i}" for i in range(9))


def trial(patients: tuple[str, ...] = PATIENTS, changed: int = 40, seed: int = 3) -> tuple[Matrix, Matrix]:
    """Counts of 300 genes before and after, the first `changed` of them sixteenfold higher after."""
    rng = np.random.default_rng(seed)
    level = np.exp(rng.normal(5, 1, (300, 1))) * np.exp(rng.normal(0, 0.4, (300, len(patients))))
    fold = np.where(np.arange(300) < changed, 16.0, 1.0)[:, None]
    rows = tuple(f"g{i}" for i in range(300))

    def counts(mean: np.ndarray) -> Matrix:
        return Matrix(rng.poisson(mean * rng.gamma(20, 1 / 20, mean.shape)), rows, patients, "counts")

    return counts(level), counts(level * fold)


def test_fold_change_beyond_eight_is_beyond_three_on_the_log_scale() -> None:
    """Row 30 of the specification: padj < .05 with |FC| > 8 or > 1.5; both limits themselves are not beyond."""
    limit = float(np.log2(1.5))
    table = pd.DataFrame(
        {"log2FoldChange": [3.0, -3.0, 3.001, -3.001, limit, 0.585, 5.0, 5.0], "padj": [0.01] * 6 + [0.05, np.nan]}
    )
    assert Cut(0.05, 8).passed(table).tolist() == [False, False, True, True, False, False, False, False]
    assert Cut(0.05, 1.5).passed(table).tolist() == [True] * 4 + [False, True, False, False]
    assert limit == pytest.approx(0.58496, abs=5e-6)


def test_planted_changes_are_counted_at_every_size() -> None:
    before, after = trial()
    whole = paired_fit(before, after).table
    assert Cut(0.05, 8).passed(whole).tolist() == [i < 40 for i in range(300)]
    found = numbers_at_size(before, after, 4, draws=12, seed=1, cut=Cut(0.05, 8))
    assert found.shape == (12,)
    assert ((found >= 36) & (found <= 40)).all()
    assert numbers_at_size(before, after, 4, draws=0, seed=1, cut=Cut(0.05, 8)).size == 0


def test_draws_depend_on_the_seed_alone() -> None:
    before, after = trial()
    cut = Cut(0.05, 12)

    def threaded(fn, items):
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(fn, items))

    serial = numbers_at_size(before, after, 3, draws=13, seed=5, cut=cut)
    np.testing.assert_array_equal(serial, numbers_at_size(before, after, 3, draws=13, seed=5, cut=cut, over=threaded))
    np.testing.assert_array_equal(serial[:10], numbers_at_size(before, after, 3, draws=10, seed=5, cut=cut))
    assert (serial != numbers_at_size(before, after, 3, draws=13, seed=6, cut=cut)).any()


@pytest.mark.parametrize("size", [2, 9])
def test_sizes_that_cannot_be_drawn(size: int) -> None:
    with pytest.raises(ValueError, match="3 or more, and fewer than all"):
        numbers_at_size(*trial(), size, draws=1, seed=1, cut=Cut(0.05, 8))


def test_a_draw_that_cannot_be_fitted_is_counted_not_fatal() -> None:
    """Without variation beyond Poisson there is no dispersion to model: a sentence for all, a missing draw for one."""
    rows = tuple(f"g{i}" for i in range(60))
    flat = Matrix(np.full((60, 5), 100, dtype=np.int64), rows, PATIENTS[:5], "counts")
    with pytest.raises(StudyError):
        paired_fit(flat, flat)
    drawn = numbers_at_size(flat, flat, 3, draws=4, seed=1, cut=Cut(0.05, 8))
    assert np.isnan(drawn).all()
    told = matched_difference((3, 5), drawn, ("HET", "rest"), (3, 5))
    assert np.isnan([told.value, told.low, told.p]).all()
    assert "4 more could not be fitted" in told.remark


@pytest.mark.parametrize("swapped", [False, True])
def test_the_estimate_counts_from_the_first_part(swapped: bool) -> None:
    """10 genes in the small part against 8, 20, 30 and 40 in draws of the other: gaps 2 to -30, or their mirror."""
    drawn = np.array([20.0, 8.0, np.nan, 40.0, 30.0])
    if swapped:
        told = matched_difference((99, 10), drawn, ("rest", "HET"), (12, 4))
        assert (told.value, told.p) == (15.0, pytest.approx(4 / 5))
    else:
        told = matched_difference((10, 99), drawn, ("HET", "rest"), (4, 12))
        assert (told.value, told.p) == (-15.0, pytest.approx(2 / 5))
    assert told.low <= told.value <= told.high
    assert told.n == (4, 4)
    assert "1 more could not be fitted" in told.remark
    assert told.method == "4 subsamples of the 12 rest patients"
