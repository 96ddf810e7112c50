"""Penalised models of pathological complete response, judged on patients that they did not see."""

from typing import Annotated

import numpy as np
import pandas as pd
from pydantic import Field

from her2het.analyses.parts import excluded, group_of
from her2het.engine import Engine
from her2het.kernels.pair_auc import resample_counts, resampled_shares
from her2het.kernels.proportions import wilson
from her2het.plan import analysis
from her2het.results.cohort import GroupAssignment
from her2het.results.response import ResponseFeatures, ResponseModel
from her2het.schema import NotApplicable, Note
from her2het.stats.estimate import Estimate
from her2het.stats.prediction import Prediction, brier, calibration, cross_validate, cv_auc, paired
from her2het.stats.units import PerPatient

SETS = (("clinic", "IHC"), ("FISH",), ("RNA",), ("study",))  # each model has the sources of those before it, too
WORDS = {"study": "own features"}
FIFTHS = 5


@analysis(section="Response and next trial")
def response_model(
    measured: ResponseFeatures,
    groups: GroupAssignment,
    *,
    share: Annotated[
        float, Field(ge=0, le=1, description="Share of absolute values in the penalty: 0 is a ridge, 1 a lasso.")
    ] = 0.0,
    repeats: Annotated[int, Field(ge=1, le=200, description="Times that the patients are split anew.")] = 10,
    folds: Annotated[int, Field(ge=2, le=20, description="Parts of a split; each is predicted from the others.")] = 5,
    most_missing: Annotated[
        float, Field(ge=0, lt=1, description="Measurements missing in a larger share of patients are left out.")
    ] = 0.2,
    draws: Annotated[int, Field(ge=100, description="Resamples of patients for bootstrap intervals.")] = 1000,
    seed: Annotated[int, Field(ge=0, description="Root of the random streams.")] = 1,
    engine: Engine,
) -> ResponseModel:
    """How well do measurements before treatment together predict pathological complete response?

    Logistic regression with a ridge penalty (elastic net by `share`) on nested sets of measurements: clinic and IHC;
    these and FISH; and RNA; and the study's own features. Repeated nested cross-validation by patient, stratified by
    pCR: the penalty is chosen, and centre, scale and medians for missing values are taken, among the patients that a
    model is fitted to (doi:10.1186/1471-2105-7-91, doi:10.18637/jss.v033.i01). The area under the curve compares
    patients of one test fold only, as different folds have different models; interval by DeLong's variance on the
    logit scale (doi:10.1214/15-EJS1035) and from resampled patients, both for the predictions made: they do not hold
    the variation between training sets. Scores that are relative to the cohort (GSVA, PAM50, ESTIMATE) were made with
    all patients, without their outcomes. Differences of areas on the same resamples. Calibration: intercept and slope
    of pCR on the logit of the predicted chance (1: chances mean what they say; below 1: too extreme), Brier score,
    observed shares by fifths of the chance with Wilson's intervals. There is no p: models were chosen and judged in
    one cohort.
    """
    table = measured.features
    n = table["n_pcr"] + table["n_rest"] + table["missing"]
    patchy = table[table["missing"] > most_missing * n]
    lost = [
        ("measurement", str(r.feature), f"missing in {r.missing} patients", "response_model.most_missing")
        for r in patchy.itertuples()
    ]
    usable = table[~table["feature"].isin(patchy["feature"])]
    wide = measured.values.set_index(["patient", "feature"])["value"].unstack()  # noqa: PD010 (nothing is aggregated)
    who = measured.values.drop_duplicates("patient").set_index("patient")
    outcome = PerPatient(who["pcr"].astype("float64").reindex(wide.index), "pCR")
    least = int(min(outcome.known().sum(), (1 - outcome.known()).sum()))
    if least < 2 * folds or least < 2 * FIFTHS:
        raise NotApplicable(f"{least} patients of the rarer outcome do not suffice for nested cross-validation")
    made: list[tuple[str, Prediction]] = []
    sources: list[str] = []
    for more in SETS:
        present = [source for source in more if (usable["source"] == source).any()]
        sources += present
        if not present:
            continue
        name = " + ".join(WORDS.get(source, source) for source in sources)
        rows = usable[usable["source"].isin(sources)]
        columns = tuple(PerPatient(wide[f], str(f)) for f in rows["feature"])
        fitted = cross_validate(
            outcome, columns, share=share, repeats=repeats, folds=folds, inner=folds, seed=seed, over=engine.map
        )
        made.append((name, fitted))
    counts = _draw(made[0][1], draws, seed)
    aucs = tuple(cv_auc(p, contrast=name) for name, p in made)
    drawn = [_resampled(p, counts) for _, p in made]
    label = group_of(groups)
    slopes = tuple(_slope(name, p, counts) for name, p in made)
    return ResponseModel(
        models=pd.DataFrame([_row(m, e, d, s) for m, e, d, s in zip(made, aucs, drawn, slopes, strict=True)]).astype(
            {"model": "string"}
        ),
        predictions=pd.concat([_predictions(name, p, label) for name, p in made], ignore_index=True),
        curve=pd.concat([_curve(name, p) for name, p in made], ignore_index=True),
        roc=pd.concat([_roc(name, p) for name, p in made], ignore_index=True),
        coefficients=pd.concat([_coefficients(name, p, usable) for name, p in made], ignore_index=True),
        aucs=aucs,
        differences=_differences(made, aucs, drawn),
        slopes=slopes,
        repeats=repeats,
        folds=folds,
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(lost),
        notes=_notes(made),
    )


Draws = tuple[np.ndarray, np.ndarray]


def _draw(prediction: Prediction, draws: int, seed: int) -> Draws:
    """Resamples of the patients with pCR and of those without; the same for all models."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1,)))
    yes, no = prediction.n
    return resample_counts(yes, draws, rng), resample_counts(no, draws, rng)


def _resampled(prediction: Prediction, counts: Draws) -> np.ndarray:
    return resampled_shares(*paired(prediction), *counts)


def _slope(name: str, prediction: Prediction, counts: Draws, most: int = 200) -> Estimate:
    """Calibration slope with its interval over resampled patients."""
    _, value = calibration(prediction)
    yes = prediction.outcome == 1
    found = []
    for one, none in zip(*(c[:most] for c in counts), strict=True):
        weight = np.empty(len(yes))
        weight[yes], weight[~yes] = one, none
        found.append(calibration(prediction, weight)[1])
    known = np.array(found)[np.isfinite(found)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) > most / 2 else (np.nan, np.nan)
    return Estimate(
        contrast=f"{name}: calibration",
        effect="calibration slope",
        unit="",
        value=value,
        low=float(low),
        high=float(high),
        n=prediction.n,
        method=f"logistic regression on the logit; {len(found)} resamples of patients",
        p=float("nan"),
        remark="" if len(known) else "the predictions do not vary, or separate the outcomes",
        quantity=name,
    )


def _row(fitted: tuple[str, Prediction], e: Estimate, drawn: np.ndarray, slope: Estimate) -> dict[str, object]:
    name, p = fitted
    single = [_one_repeat(p, r) for r in range(len(p.chances))]
    low, high = np.nanquantile(drawn, [0.025, 0.975])
    error, scaled = brier(p)
    return {
        "model": name,
        "features": len(p.names),
        "auc": e.value,
        "low": e.low,
        "high": e.high,
        "boot_low": float(low),
        "boot_high": float(high),
        "lowest": min(single),
        "highest": max(single),
        "apparent": _area(p.apparent, p.outcome),
        "brier": error,
        "scaled_brier": scaled,
        "intercept": calibration(p)[0],
        "slope": slope.value,
        "penalty": p.final_penalty,
    }


def _one_repeat(p: Prediction, r: int) -> float:
    """The area of one repeat: mean over its folds' pairs."""
    yes = p.outcome == 1
    same = np.equal.outer(p.fold[r][yes], p.fold[r][~yes])
    wins = (np.sign(np.subtract.outer(p.chances[r][yes], p.chances[r][~yes])) + 1) / 2
    return float(wins[same].mean())


def _area(chances: np.ndarray, outcome: np.ndarray) -> float:
    yes = outcome == 1
    return float(((np.sign(np.subtract.outer(chances[yes], chances[~yes])) + 1) / 2).mean())


def _predictions(name: str, p: Prediction, label: pd.Series) -> pd.DataFrame:
    frame = pd.DataFrame({"model": name, "patient": p.patients})
    frame["group"] = label.reindex(p.patients).to_numpy()
    frame["pcr"] = p.outcome == 1
    frame["chance"], frame["low"], frame["high"] = p.chances.mean(0), p.chances.min(0), p.chances.max(0)
    return frame.astype({"model": "string", "patient": "string", "group": "string"})


def _curve(name: str, p: Prediction) -> pd.DataFrame:
    """Fifths of the mean chance: predicted against observed."""
    chance = p.chances.mean(axis=0)
    order = np.argsort(chance, kind="stable")
    rows = []
    for place, part in enumerate(np.array_split(order, FIFTHS), 1):
        hits = int(p.outcome[part].sum())
        rows.append((name, place, len(part), chance[part].mean(), hits / len(part), *wilson(hits, len(part))))
    columns = ["model", "place", "n", "predicted", "observed", "low", "high"]
    return pd.DataFrame(rows, columns=pd.Index(columns)).astype({"model": "string"})


def _roc(name: str, p: Prediction) -> pd.DataFrame:
    """The curve of the mean chances over repeats."""
    order = np.argsort(-p.chances.mean(axis=0), kind="stable")
    yes = p.outcome[order]
    up = np.concatenate([[0.0], np.cumsum(yes) / yes.sum()])
    across = np.concatenate([[0.0], np.cumsum(1 - yes) / (1 - yes).sum()])
    frame = pd.DataFrame({"model": name, "false_positive": across, "true_positive": up})
    return frame.astype({"model": "string"})


def _coefficients(name: str, p: Prediction, table: pd.DataFrame) -> pd.DataFrame:
    low, high = np.quantile(p.coefficients, [0.05, 0.95], axis=0)
    same = (np.sign(p.coefficients) == np.sign(p.final)).mean(axis=0)
    source = table.set_index("feature")["source"].reindex(list(p.names))
    frame = pd.DataFrame({"model": name, "feature": list(p.names), "source": source.to_numpy()})
    frame["coefficient"], frame["low"], frame["high"], frame["same_sign"] = p.final, low, high, same
    return frame.astype({"model": "string", "feature": "string", "source": "string"})


def _differences(
    made: list[tuple[str, Prediction]], aucs: tuple[Estimate, ...], drawn: list[np.ndarray]
) -> tuple[Estimate, ...]:
    found = []
    for k in range(1, len(made)):
        low, high = np.nanquantile(drawn[k] - drawn[k - 1], [0.025, 0.975])
        value = aucs[k].value - aucs[k - 1].value
        found.append(
            Estimate(
                contrast=f"adding {made[k][0].rsplit(' + ', 1)[-1]} to {made[k - 1][0]}",
                effect="difference of AUC",
                unit="",
                value=value,
                low=float(low),
                high=float(high),
                n=made[k][1].n,
                method=f"same folds; {len(drawn[k])} resamples of patients",
                p=float("nan"),
                standard=value,
                standard_low=float(low),
                standard_high=float(high),
                remark="no p: both models were fitted to these patients",
                quantity=made[k][0],
            )
        )
    return tuple(found)


def _notes(made: list[tuple[str, Prediction]]) -> tuple[Note, ...]:
    last = made[-1][1]
    rare, most = min(last.n), len(last.names)
    text = (
        f"{sum(last.n)} patients, {last.n[0]} with pCR: {rare / most:.1f} patients of the rarer outcome a measurement "
        f"in the largest model ({most}), where 10 to 20 are asked for without a penalty. Read the areas as what such a "
        "model might reach, not as a model to use; it needs other patients, and its measurements were chosen by people "
        "who knew the published findings."
    )
    return (Note("caution", "Few patients for a model", text),)
