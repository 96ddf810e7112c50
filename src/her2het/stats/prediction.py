"""How well measurements before treatment predict an outcome: penalised logistic models in nested cross-validation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.kernels.pair_auc import pair_wins, weighted_share
from her2het.kernels.penalised_logistic import chances, penalised_path, penalties
from her2het.kernels.recalibration import calibration_line, log_odds
from her2het.kernels.superiority import logit_interval
from her2het.stats.estimate import Estimate
from her2het.stats.patients import need_patients
from her2het.stats.tables import zero_or_one
from her2het.stats.units import PerPatient

Floats = NDArray[np.float64]
Mapper = Callable[[Callable[["Task"], "Repeat"], Sequence["Task"]], list["Repeat"]]
PATHS = 14  # penalties tried
COARSE = 1e-4  # how far coefficients may be from their limit where penalties are compared


@dataclass(frozen=True, eq=False)
class Task:
    """One repeat of nested cross-validation: patients x measurements (missing as not a number), and its seed."""

    design: Floats
    outcome: Floats
    share: float
    folds: int
    inner: int
    seed: np.random.SeedSequence


@dataclass(frozen=True, eq=False)
class Repeat:
    """Chances that each patient's outcome got from a model that did not see it, and the models behind them.

    chances, fold: per patient. coefficients: folds x measurements (per standard deviation); penalty: per fold.
    """

    chances: Floats
    fold: NDArray[np.int64]
    coefficients: Floats
    penalty: Floats


@dataclass(frozen=True, eq=False)
class Prediction:
    """Repeated nested cross-validation of one set of measurements, and the model of all patients beside it.

    chances, fold: repeats x patients. coefficients: (repeats x folds) x measurements. final: measurements (per standard
    deviation). apparent: chances that the final model gives the patients it was fitted to.
    """

    patients: pd.Index
    names: tuple[str, ...]
    outcome: Floats
    chances: Floats
    fold: NDArray[np.int64]
    coefficients: Floats
    penalty: Floats
    final: Floats
    final_penalty: float
    apparent: Floats

    @property
    def n(self) -> tuple[int, int]:
        """Patients with the outcome, and without."""
        return int(self.outcome.sum()), int((1 - self.outcome).sum())


def cross_validate(
    outcome: PerPatient,
    measured: tuple[PerPatient, ...],
    *,
    share: float = 0.0,
    repeats: int = 10,
    folds: int = 5,
    inner: int = 5,
    seed: int = 0,
    over: Mapper | None = None,
) -> Prediction:
    """Predict an outcome of patients from measurements, each patient by models that were fitted without it.

    Logistic regression with an elastic net (`share` of absolute values; 0 is a ridge). Each repeat splits patients into
    `folds`, stratified by outcome; a fold is predicted by a model of the others, whose penalty an inner
    cross-validation of these others chose (least deviance of 14). Centre, scale and median for missing values come
    from the patients that a model is fitted to. Repeats have random streams of their own, so it does not matter where
    `over` (such as `engine.map`) runs them. All patients with a known outcome take part.

    :raises TypeError: where values are not per patient
    :raises ValueError: where an outcome is neither 0 nor 1, a measurement has no value, there is none, or a class has
        fewer patients than twice the folds
    Varma & Simon 2006, doi:10.1186/1471-2105-7-91.
    """
    known = zero_or_one(need_patients(outcome))
    if not measured:
        raise ValueError("a model needs a measurement")
    columns = [
        need_patients(m).values.astype("float64").reindex(known.index).to_numpy(dtype=np.float64) for m in measured
    ]
    design, y = np.asarray(np.column_stack(columns), dtype=np.float64), known.to_numpy(dtype=np.float64)
    if np.isnan(design).all(axis=0).any():
        raise ValueError("a measurement has no value in any patient with an outcome")
    least = min(int(y.sum()), int((1 - y).sum()))
    if least < 2 * max(folds, inner):
        raise ValueError(f"{least} patients of the rarer outcome do not suffice for {max(folds, inner)} folds")
    streams = np.random.SeedSequence(seed).spawn(repeats + 1)
    tasks = [Task(design, y, share, folds, inner, stream) for stream in streams[:-1]]
    done = list(map(one_repeat, tasks)) if over is None else over(one_repeat, tasks)
    whole = _Scaled.of(design)
    x = whole(design)
    path = penalties(x, y, share, PATHS)
    rng = np.random.default_rng(streams[-1])
    loss = sum((_losses(x, y, path, share, _folds(y, inner, rng)) for _ in range(5)), np.zeros(PATHS))
    best = int(np.argmin(loss))
    final = penalised_path(x, y, path[: best + 1], share)[-1]
    return Prediction(
        patients=known.index,
        names=tuple(m.quantity for m in measured),
        outcome=y,
        chances=np.stack([r.chances for r in done]),
        fold=np.stack([r.fold for r in done]),
        coefficients=np.concatenate([r.coefficients for r in done]),
        penalty=np.concatenate([r.penalty for r in done]),
        final=final[1:],
        final_penalty=float(path[best]),
        apparent=chances(final, x),
    )


def one_repeat(task: Task) -> Repeat:
    """One repeat: every patient predicted once, by a model that did not see it."""
    rng = np.random.default_rng(task.seed)
    y = task.outcome
    fold = _folds(y, task.folds, rng)
    predicted = np.empty(len(y))
    coefficients = np.empty((task.folds, task.design.shape[1]))
    chosen = np.empty(task.folds)
    for k in range(task.folds):
        held = fold == k
        scaled = _Scaled.of(task.design[~held])
        x, here = scaled(task.design[~held]), y[~held]
        path = penalties(x, here, task.share, PATHS)
        best = int(np.argmin(_losses(x, here, path, task.share, _folds(here, task.inner, rng))))
        b = penalised_path(x, here, path[: best + 1], task.share)[-1]
        predicted[held] = chances(b, scaled(task.design[held]))
        coefficients[k], chosen[k] = b[1:], path[best]
    return Repeat(predicted, fold, coefficients, chosen)


def paired(prediction: Prediction) -> tuple[Floats, Floats]:
    """Wins of each patient with the outcome over each without, and in how many repeats they lay in the same fold."""
    yes = prediction.outcome == 1
    won = np.zeros((int(yes.sum()), int((~yes).sum())))
    together = np.zeros_like(won)
    for predicted, fold in zip(prediction.chances, prediction.fold, strict=True):
        same = np.equal.outer(fold[yes], fold[~yes])
        won += same * pair_wins(predicted[yes], predicted[~yes])
        together += same
    return np.divide(won, together, out=np.full_like(won, 0.5), where=together > 0), together


def cv_auc(prediction: Prediction, *, level: float = 0.95, contrast: str = "") -> Estimate:
    """Estimate the area under the ROC curve of predictions of unseen patients.

    The share of pairs (a patient with the outcome, one without, in the same test fold) in which the one with the
    outcome got the higher chance, over all repeats. Interval: DeLong's variance over patients on the logit scale, for
    these predictions: that other training patients would give other models is not in it. No p.
    """
    theta = weighted_share(*paired(prediction))
    low, high = logit_interval(theta, level, normal=True)
    repeats, folds = prediction.fold.shape[0], int(prediction.fold.max()) + 1
    return Estimate(
        contrast=contrast,
        effect="AUC",
        unit="",
        value=theta.value,
        low=low,
        high=high,
        n=prediction.n,
        method=f"nested cross-validation, {repeats} × {folds} folds; DeLong, logit",
        p=float("nan"),
        level=level,
        standard=2 * theta.value - 1,
        standard_low=2 * low - 1,
        standard_high=2 * high - 1,
        remark="interval of these predictions; other training patients would give other models",
    )


def calibration(prediction: Prediction, counts: Floats | None = None) -> tuple[float, float]:
    """Intercept and slope of the outcome on the logit of the predicted chances, all repeats with equal weight.

    `counts`: how often each patient counts (in a resample); once where not given.
    """
    n = len(prediction.outcome)
    weight = np.ones(n) if counts is None else counts
    repeats = len(prediction.chances)
    x = log_odds(prediction.chances).ravel()
    return calibration_line(x, np.tile(prediction.outcome, repeats), np.tile(weight / repeats, repeats))


def brier(prediction: Prediction) -> tuple[float, float]:
    """Mean squared error of the predicted chances, and the share by which it is below that of the outcome's rate."""
    error = float(((prediction.chances - prediction.outcome) ** 2).mean())
    rate = float(prediction.outcome.mean())
    return error, 1 - error / (rate * (1 - rate))


@dataclass(frozen=True, eq=False)
class _Scaled:
    """Median for missing values, then centre and scale, all of the patients that a model is fitted to."""

    median: Floats
    centre: Floats
    scale: Floats

    @classmethod
    def of(cls, design: Floats) -> "_Scaled":
        """What these patients give; a column without values or spread becomes 0."""
        known = ~np.isnan(design)
        median = np.array([np.median(c[k]) if k.any() else 0.0 for c, k in zip(design.T, known.T, strict=True)])
        filled = np.where(known, design, median)
        scale = filled.std(axis=0)
        return cls(median, filled.mean(axis=0), np.where(scale > 1e-12 * np.abs(filled).max(axis=0), scale, np.inf))

    def __call__(self, design: Floats) -> Floats:
        return (np.where(np.isnan(design), self.median, design) - self.centre) / self.scale


def _folds(outcome: Floats, folds: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """A fold for each patient, classes spread evenly."""
    fold = np.empty(len(outcome), dtype=np.int64)
    start = 0
    for value in (1.0, 0.0):
        mine = rng.permutation(np.flatnonzero(outcome == value))
        fold[mine] = (start + np.arange(len(mine))) % folds
        start += len(mine)
    return fold


def _losses(x: Floats, y: Floats, path: Floats, share: float, fold: NDArray[np.int64]) -> Floats:
    """Deviance of held-out patients at each penalty."""
    total = np.zeros(len(path))
    for k in range(int(fold.max()) + 1):
        held = fold == k
        found = penalised_path(x[~held], y[~held], path, share, COARSE)
        eta = found[:, :1] + found[:, 1:] @ x[held].T
        total += (np.logaddexp(0.0, eta) - eta * y[held]).sum(axis=1)
    return total
