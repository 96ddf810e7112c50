"""What separates pCR: areas under the curve one by one; models with their curves, calibration and coefficients."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from her2het.figures.forest import Frame, Point, Row, forest, records, widest
from her2het.figures.layout import Entry, Margins, blank, draw_key, key_height
from her2het.figures.marks import Mark, Picture, marks_of, plain
from her2het.figures.panel import Drawing, Finding
from her2het.figures.style import COLUMN, LOOKS, MUTED, NO_GROUP, PAGE, RULE, Look, drawn
from her2het.figures.words import capital, found, inline, interval, join, number, p_equals, p_text, significance
from her2het.results.response import ResponseFeatures, ResponseModel
from her2het.stats.estimate import Estimate

SOURCES = {"clinic": "Clinic", "IHC": "IHC", "FISH": "FISH", "RNA": "RNA", "study": "The study's own"}
MOST = 25  # coefficients that a picture shows
MODELS = (LOOKS[7], LOOKS[4], LOOKS[0], LOOKS[3], LOOKS[5])


@drawn
def response_features(result: ResponseFeatures) -> tuple[Drawing, ...]:
    """The area under the curve of each measurement, with its intervals."""
    order = _ordered(result.features)
    told = {e.quantity: e for e in result.aucs}
    hits = [e for e in result.aucs if found(e)]
    drawing = Drawing(
        _areas(order, told, narrow=False),
        narrow=_areas(order, told, narrow=True),
        title=_title(hits, len(result.aucs)),
        caption="Area under the ROC curve for pCR, one value per patient at baseline; right of .5: higher with "
        "pCR. Line: "
        "95 % interval; grey below it: middle 95 % of "
        f"{result.draws:,} resamples of patients; filled: q < .05 over all {len(result.aucs)} measurements. "
        "Flags: an area of .5 plus half the difference of shares.",
        alt=f"Areas under the curve of {len(order)} measurements with intervals; {len(hits)} have q below .05.",
        numbers=order.reset_index(drop=True),
        estimates=(*result.aucs, *result.within, *result.odds),
        findings=(
            *(Finding(_words(e), e) for e in result.aucs),
            *(Finding(_odds_words(e), e) for e in result.odds),
        ),
        wide=True,
    )
    return (drawing,)


def _ordered(features: pd.DataFrame) -> pd.DataFrame:
    """By source, within it from the strongest on."""
    place = features["source"].map({name: at for at, name in enumerate(SOURCES)}).astype(float)
    away = -(features["auc"] - 0.5).abs()
    return features.assign(place=place, away=away).sort_values(["place", "away"]).drop(columns=["place", "away"])


def _areas(order: pd.DataFrame, told: dict[str, Estimate], *, narrow: bool) -> Picture:
    rows: list[Row] = []
    before = ""
    for r in records(order):
        e = told[str(r.feature)]
        tip = (
            f"{plain(r.feature)}\nAUC {_area(e)}\n{p_equals(e.q, 'q')}\nn = {e.n[0]} with pCR, {e.n[1]} without\n"
            f"{'share' if r.kind == 'flag' else 'median'} {number(r.median_pcr, 2)} with, "
            f"{number(r.median_rest, 2)} without"
        )
        point = Point(e.value, e.low, e.high, LOOKS[0], tip, found(e), beside=(r.boot_low, r.boot_high))
        heading = SOURCES.get(str(r.source), str(r.source)) if r.source != before else ""
        before = str(r.source)
        texts = (p_text(e.q),) if narrow else (_area(e), p_text(e.p), p_text(e.q), f"{e.n[0]}, {e.n[1]}")
        rows.append(Row(str(r.feature), (point,), texts, heading=heading))
    columns = ("q",) if narrow else ("AUC (95 % CI)", "p", "q", "n: pCR, no pCR")
    frame = Frame(
        limits=(0.2, 1.0),
        label="Area under the ROC curve",
        nothing=0.5,
        ticks=(0.25, 0.5, 0.75, 1.0),
        columns=columns,
        widths=(13.0,) if narrow else (27.0, 17.0, 17.0, 20.0),
        names=30.0 if narrow else min(46.0, widest([str(f) for f in order["feature"]])),
        page=COLUMN if narrow else PAGE,
        ends=("lower with pCR", "higher with pCR"),
        lead="filled: q < 0.05" + ("" if narrow else "; grey: resampled patients"),
    )
    return forest(rows, frame)[0]


def _area(e: Estimate) -> str:
    """'0.76 (0.66 to 0.83)'."""
    return f"{number(e.value)} ({number(e.low)} to {number(e.high)})"


def _title(hits: list[Estimate], count: int) -> str:
    if not hits:
        return f"None of {count} measurements is found to separate pCR"
    best = max(hits, key=lambda e: abs(e.standard))
    return f"{len(hits)} of {count} measurements separate pCR; most: {inline(best.quantity)}, AUC {_area(best)}"


def _words(e: Estimate) -> str:
    if not found(e):
        return f"{capital(e.quantity)} is not found to separate pCR"
    return f"{capital(e.quantity)} is {'higher' if e.value > 0.5 else 'lower'} before treatment in patients with pCR"


def _odds_words(e: Estimate) -> str:
    adjusted = ", adjusted for hormone receptor" if e.effect.startswith("adjusted") else ""
    if math.isnan(significance(e)):
        return f"The odds of pCR with {inline(e.quantity)} could not be estimated{adjusted}"
    if not found(e):
        return f"No difference in the odds of pCR with {inline(e.quantity)} found{adjusted}"
    return f"Odds of pCR {'rise' if e.value > 1 else 'fall'} with {inline(e.quantity)}{adjusted}"


@drawn
def response_model(result: ResponseModel) -> tuple[Drawing, ...]:
    """Areas of the nested models, ROC curves, calibration of the largest model, and its coefficients."""
    return (_models(result), _roc(result), _calibration(result), _coefficients(result))


def _looks(result: ResponseModel) -> dict[str, Look]:
    return {str(m): MODELS[at % len(MODELS)] for at, m in enumerate(result.models["model"])}


def _models(result: ResponseModel) -> Drawing:
    seen = _looks(result)
    rows = []
    for m, e, slope in zip(records(result.models), result.aucs, result.slopes, strict=True):
        tip = (
            f"{plain(m.model)}\nAUC {_area(e)}\nsingle repeats {number(m.lowest)} to {number(m.highest)}\n"
            f"in the patients it was fitted to {number(m.apparent)}"
        )
        point = Point(e.value, e.low, e.high, seen[str(m.model)], tip, beside=(m.boot_low, m.boot_high))
        texts = (f"{m.features}", _area(e), number(m.apparent), interval(slope), number(m.scaled_brier))
        rows.append(Row(str(m.model), (point,), texts))
    frame = Frame(
        limits=(0.3, 1.0), label="Area under the ROC curve of patients not seen", nothing=0.5,
        ticks=(0.4, 0.6, 0.8, 1.0),
        columns=("number", "AUC (95 % CI)", "AUC seen", "calibration slope", "scaled Brier"),
        lead="grey: resampled patients", widths=(11.0, 27.0, 14.0, 27.0, 16.0),
        names=min(52.0, widest([str(m) for m in result.models["model"]])),
    )  # fmt: skip
    last, e = result.models.iloc[-1], result.aucs[-1]
    gains = [d for d in result.differences if d.low > 0]
    title = f"Together the measurements predict pCR with an AUC of {_area(e)}"
    if gains:
        added = join(g.contrast.split(" to ")[0].removeprefix("adding ") for g in gains)
        title += f"; adding {added} raises it"
    return Drawing(
        forest(rows, frame)[0],
        title=title,
        caption=f"Ridge-penalised logistic regression in {result.repeats} × {result.folds}-fold nested "
        "cross-validation; "
        f"n = {e.n[0]} with and {e.n[1]} without pCR. Line: 95 % interval, grey: resampled patients. Number: "
        "measurements; "
        "AUC seen: in the patients the model was fitted to, which is too large; calibration slope: 1 where "
        "chances mean "
        "what they say; scaled Brier: share of the error of the plain rate that is removed. Single repeats of "
        "the largest "
        f"model reach from {number(float(last['lowest']))} to {number(float(last['highest']))}.",
        alt=f"Areas under the curve of {len(rows)} nested models with intervals.",
        numbers=result.models,
        estimates=(*result.aucs, *result.differences, *result.slopes),
        findings=tuple(Finding(f"pCR predicted from {e.contrast}: AUC in patients not seen", e) for e in result.aucs),
        key="models",
        wide=True,
    )


def _roc(result: ResponseModel) -> Drawing:
    seen = _looks(result)
    entries = [Entry(name, look) for name, look in seen.items()]
    top = 2 + key_height(entries, COLUMN - 4)
    picture, (ax,) = blank(COLUMN, 66 + top - 4, Margins(left=13, right=6, top=top))
    ax.plot([0, 1], [0, 1], color=RULE, lw=0.8, zorder=0)
    for name, look in seen.items():
        rows = result.roc[result.roc["model"] == name]
        (line,) = ax.plot(rows["false_positive"], rows["true_positive"], color=look.colour, lw=1.1)
        e = next(e for e in result.aucs if e.contrast == name)
        picture.mark(line, [Mark((), f"{plain(name)}\nAUC {_area(e)}")])
    ax.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), xlabel="Share of patients without pCR above the limit")
    ax.set_ylabel("Share with pCR above it")
    draw_key(ax, entries, COLUMN - 4, left=-11)
    return Drawing(
        picture,
        title="Sensitivity against false alarms of the nested models",
        caption="ROC curves of each patient's mean predicted chance over the repeats, each from models that did "
        "not see the "
        "patient. The areas stated are means within test folds and can differ a little from those below these curves.",
        alt=f"ROC curves of {len(seen)} models.",
        numbers=result.roc,
        key="roc",
    )


def _calibration(result: ResponseModel) -> Drawing:
    name = str(result.models["model"].iloc[-1])
    look, e = _looks(result)[name], result.slopes[-1]
    curve = result.curve[result.curve["model"] == name]
    predictions = result.predictions[result.predictions["model"] == name]
    picture, (ax,) = blank(COLUMN, 66, Margins(left=13, right=6, top=4))
    ax.plot([0, 1], [0, 1], color=RULE, lw=0.8, zorder=0)
    ax.vlines(curve["predicted"], curve["low"], curve["high"], color=look.strong, lw=0.8, zorder=1)
    points = ax.scatter(
        curve["predicted"], curve["observed"], s=2 * look.area, c=look.colour, edgecolors=look.strong, lw=0.5, zorder=2
    )
    tips = [
        f"fifth {r.place} of the patients, n = {r.n}\npredicted {number(100 * r.predicted, 0)} %\n"
        f"observed {number(100 * r.observed, 0)} % ({number(100 * r.low, 0)} to {number(100 * r.high, 0)})"
        for r in records(curve)
    ]
    picture.mark(points, marks_of([()] * len(curve), tips))
    _rug(picture, ax, predictions)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.09, 1.09), xlabel="Predicted chance of pCR", ylabel="Observed share with pCR")
    ax.set_yticks([0, 0.25, 0.5, 0.75, 1])
    verdict = (
        "compatible with 1"
        if e.low <= 1 <= e.high
        else "below 1: too extreme"
        if e.high < 1
        else "above 1: too moderate"
    )
    slope = f"calibration slope {interval(e)}"
    return Drawing(
        picture,
        title=f"Predicted chances against what happened: {slope}, {verdict}" if e.low == e.low else
        "Predicted chances against what happened",
        caption=f"Model of {name}. Fifths of the patients by predicted chance (mean over repeats, from models "
        "that did not see "
        "the patient): observed share with Wilson's 95 % interval. Ticks: patients with pCR above, without "
        f"below. {capital(slope)}"
        f", intercept {number(float(result.models['intercept'].iloc[-1]))}; n = {e.n[0]} with and {e.n[1]} "
        "without pCR.",
        alt="Observed shares against predicted chances by fifths, with the line of equality.",
        numbers=predictions.reset_index(drop=True),
        estimates=(e,),
        key="calibration",
    )  # fmt: skip


def _rug(picture: Picture, ax: Axes, predictions: pd.DataFrame) -> None:
    for flag, y, word in ((True, 1.05, "pCR"), (False, -0.05, "no pCR")):
        rows = predictions[predictions["pcr"] == flag]
        marks = ax.scatter(rows["chance"], np.full(len(rows), y), marker="|", s=14, c=MUTED, lw=0.5, clip_on=False)
        tips = [
            f"{plain(r.patient)}\n{word}\npredicted {number(100 * r.chance, 0)} % "
            f"({number(100 * r.low, 0)} to {number(100 * r.high, 0)} over repeats)"
            for r in records(rows)
        ]
        picture.mark(marks, marks_of([(p,) for p in rows["patient"]], tips))


def _coefficients(result: ResponseModel) -> Drawing:
    name = str(result.models["model"].iloc[-1])
    table = result.coefficients[result.coefficients["model"] == name]
    shown = table.assign(size=table["coefficient"].abs()).nlargest(MOST, "size").sort_values("coefficient")[::-1]
    sources = {s: LOOKS[at] for at, s in enumerate(SOURCES)}
    rows = [
        Row(
            str(r.feature),
            (
                Point(
                    r.coefficient, r.low, r.high, sources.get(str(r.source), NO_GROUP),
                    f"{plain(r.feature)} ({plain(r.source)})\ncoefficient {number(r.coefficient)} per SD\nmiddle "
                    "90 % over "
                    f"training sets {number(r.low)} to {number(r.high)}",
                ),
            ),
            (f"{number(100 * r.same_sign, 0)} %",),
        )
        for r in records(shown)
    ]  # fmt: skip
    reach = float(np.abs(shown[["low", "high", "coefficient"]].to_numpy()).max()) * 1.08
    present = [s for s in SOURCES if (shown["source"] == s).any()]
    entries = [Entry(SOURCES[s], sources[s]) for s in present]
    tick = float(f"{reach / 2:.1g}")
    frame = Frame(
        limits=(-reach, reach), label="Coefficient, log odds per standard deviation", nothing=0.0,
        ticks=(-tick, 0.0, tick), columns=("same sign",), widths=(13.0,),
        names=min(40.0, widest([str(f) for f in shown["feature"]])), page=COLUMN,
        top=5 + key_height(entries, COLUMN - 4),
    )  # fmt: skip
    picture, ax = forest(rows, frame)
    draw_key(ax, entries, COLUMN - 4, above=4.2, left=-frame.names)
    steady = int((table["same_sign"] >= 0.95).sum())
    return Drawing(
        picture,
        title=f"{steady} of {len(table)} coefficients keep their sign in 95 % of the training sets",
        caption=f"Model of {name}, fitted to all patients; the {len(shown)} largest of {len(table)} coefficients. "
        "Line: middle 90 % "
        f"over the {result.repeats * result.folds} training sets; same sign: share of these with the sign shown. "
        "Related "
        "measurements share their effect; a small coefficient does not say that a measurement does not matter.",
        alt=f"Coefficients of {len(shown)} measurements with their spread over training sets.",
        numbers=table.reset_index(drop=True),
        key="coefficients",
    )
