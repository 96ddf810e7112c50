"""Design matrices from formulas, coded as R codes them, and contrasts by name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from her2het.schema import StudyError, did_you_mean
from her2het.stats.formula import Formula, parse_formula

Floats = NDArray[np.float64]
Contrast = str | tuple[str, str, str]
"""A coefficient by name, or (variable, level, level it is compared with)."""
MANY = 40
FAR = 10.0
SMALL_SD, LARGE_SD = 0.05, 100.0


@dataclass(frozen=True, eq=False)
class DesignMatrix:
    """One row per sample, one named column per coefficient."""

    values: Floats
    samples: tuple[str, ...]
    columns: tuple[str, ...]
    terms: tuple[tuple[str, ...], ...]
    """Variables of the term that each column belongs to; empty for the intercept."""
    formula: Formula
    levels: Mapping[str, tuple[str, ...]]
    """Levels of each factor, the reference first."""
    labels: Mapping[str, NDArray[np.object_]]
    """Level of each sample, per factor."""
    table: pd.DataFrame
    """The variables that were coded, a row per sample."""
    reference: Mapping[str, str]
    """References that were asked for."""

    @property
    def residual_df(self) -> int:
        """Samples beyond the number of coefficients."""
        return len(self.samples) - len(self.columns)

    def conditioned(self) -> tuple[Floats, Floats]:
        """The matrix that is fitted, and the map R from its coefficients to those of `values`: b = R b'.

        Where there is an intercept, covariates more than ten standard deviations from 0 (a year) are centred; those
        with a standard deviation below 0.05 or above 100 are divided by a power of ten. All else is as it is.
        """
        centre, scale = np.zeros(len(self.columns)), np.ones(len(self.columns))
        for j, term in enumerate(self.terms):
            if len(term) == 1 and term[0] not in self.levels:
                column = self.values[:, j]
                sd = float(column.std())
                if abs(column.mean()) > FAR * sd and self.columns[0] == "Intercept":
                    centre[j] = column.mean()
                if not SMALL_SD <= sd <= LARGE_SD:
                    scale[j] = 10.0 ** round(np.log10(sd))
        back = np.diag(1 / scale)
        back[0] -= centre / scale
        return np.ascontiguousarray((self.values - centre) / scale), back


@dataclass(frozen=True, eq=False)
class Comparison:
    """A contrast as weights of the coefficients, with words for it."""

    weights: Floats
    name: str
    levels: NDArray[np.bool_] | None = None
    """Samples of the two levels compared, where it compares levels."""
    of: tuple[str, str, str] | None = None
    """Variable and the two levels, where it compares levels."""


def design_matrix(samples: pd.DataFrame, formula: str, reference: Mapping[str, str] | None = None) -> DesignMatrix:
    """Code a formula over the rows of a sample table (index: sample names) as R's model.matrix does.

    Text, yes/no and categories become factors: levels in their declared order, else sorted; unused ones go; the first
    is the reference unless `reference` names another. Numbers are covariates as they are. A factor is coded by
    treatment contrasts where the term without it is in the model, else by an indicator per level.
    :raises StudyError: for a variable that the table lacks or that has gaps, a factor of one level, a constant
        covariate, more coefficients than samples, and columns that cannot be told apart, naming their terms
    """
    parsed = parse_formula(formula)
    variables = {name: _variable(samples, name, parsed, (reference or {}).get(name)) for name in parsed.variables}
    for name in reference or {}:
        if name not in variables:
            raise StudyError(f"reference: {name!r} is not in the design {parsed.text!r}. Name one of its factors.")
    blocks: list[Floats] = []
    names: list[str] = []
    terms: list[tuple[str, ...]] = []
    if parsed.intercept:
        blocks.append(np.ones((len(samples), 1)))
        names.append("Intercept")
        terms.append(())
    present: set[frozenset[str]] = {frozenset(t) for t in parsed.terms}
    if parsed.intercept:
        present.add(frozenset())
    for term in parsed.terms:
        values, labels = _term(term, variables, present)
        blocks.append(values)
        names += labels
        terms += [term] * len(labels)
    matrix = DesignMatrix(
        np.ascontiguousarray(np.hstack(blocks)),
        tuple(map(str, samples.index)),
        tuple(names),
        tuple(terms),
        parsed,
        {n: v.levels for n, v in variables.items() if v.levels},
        {n: v.values for n, v in variables.items() if v.levels},
        samples[list(parsed.variables)],
        dict(reference or {}),
    )
    _check_rank(matrix)
    return matrix


def comparison(design: DesignMatrix, contrast: Contrast | Sequence[str] | None) -> Comparison:
    """Weights of a contrast: (variable, level, level it is compared with), a coefficient by name, or the last one.

    In a design with interactions, levels are compared at the reference of the other factors, as in R.
    :raises StudyError: for a variable, level or coefficient that the design lacks
    """
    if contrast is None:
        contrast = design.columns[-1]
    if isinstance(contrast, str):
        return _coefficient(design, contrast)
    if len(contrast) != 3:
        raise StudyError(
            f"contrast {' '.join(contrast)!r}: {len(contrast)} words. Give a variable and two of its levels, such as "
            "'her2 Positive Negative', or the name of one coefficient."
        )
    variable, upper, lower = contrast
    if (variable,) not in design.formula.terms:
        hint = did_you_mean(variable, list(design.levels))
        raise StudyError(f"contrast: {variable!r} is not a term of {design.formula.text!r}.{hint} Name one that is.")
    if variable not in design.levels:
        raise StudyError(
            f"contrast: {variable!r} holds numbers, which have no levels. Name the coefficient, {variable!r}, or write "
            f"factor({variable}) in the design."
        )
    weights = np.zeros(len(design.columns))
    for level, weight in ((upper, 1.0), (lower, -1.0)):
        if level not in design.levels[variable]:
            known = design.levels[variable]
            raise StudyError(
                f"contrast: {variable} has no level {level!r}.{did_you_mean(level, list(known))} "
                f"Its levels are {', '.join(known[:MANY])}."
            )
        name = _main_column(design, variable, level)
        if name is not None:
            weights[design.columns.index(name)] += weight
    if upper == lower:
        raise StudyError(f"contrast: {upper!r} is compared with itself. Name two levels of {variable}.")
    both = np.isin(design.labels[variable].astype(str), [upper, lower])
    return Comparison(weights, f"{variable} {upper} vs {lower}", both, (variable, upper, lower))


def recoded(design: DesignMatrix, variable: str, reference: str) -> DesignMatrix:
    """The same design with another reference level of one factor."""
    return design_matrix(design.table, design.formula.text, {**design.reference, variable: reference})


@dataclass(frozen=True, eq=False)
class _Variable:
    values: NDArray[np.object_]
    levels: tuple[str, ...]
    numbers: Floats


def _variable(samples: pd.DataFrame, name: str, formula: Formula, reference: str | None) -> _Variable:
    if name not in samples.columns:
        columns = [str(c) for c in samples.columns]
        raise StudyError(
            f"design {formula.text!r}: the sample table has no column {name!r}.{did_you_mean(name, columns)} "
            f"It has {', '.join(columns[:MANY])}."
        )
    series = samples[name]
    if isinstance(series, pd.DataFrame):
        raise StudyError(f"samples.{name}: the table has {series.shape[1]} columns of this name. Rename one.")
    absent = np.flatnonzero(series.isna().to_numpy())
    if absent.size:
        more = f" and {absent.size - 1} more" if absent.size > 1 else ""
        raise StudyError(
            f"samples.{name}: sample {str(samples.index[int(absent[0])])!r}{more} has no value, and the design needs "
            "it. Fill it in or leave the sample out."
        )
    numeric = pd.api.types.is_numeric_dtype(series.dtype) and not pd.api.types.is_bool_dtype(series.dtype)
    if numeric and name not in formula.factors:
        numbers = series.to_numpy(dtype=float)
        if not np.isfinite(numbers).all():
            raise StudyError(f"samples.{name}: a value is not finite. Correct it or leave the sample out.")
        if reference is not None:
            raise StudyError(
                f"reference: {name!r} holds numbers, which have no levels. Write factor({name}) in the design."
            )
        if np.ptp(numbers) == 0:
            raise StudyError(
                f"samples.{name}: all {len(numbers)} samples have the value {numbers[0]:g}, so it has no effect to "
                "estimate. Leave it out of the design."
            )
        return _Variable(np.empty(0, object), (), numbers)
    if isinstance(series.dtype, pd.CategoricalDtype):
        declared = [str(c) for c in series.cat.categories]
        values = series.astype(object).map(str).to_numpy(dtype=object)
        levels = [c for c in declared if c in set(values)]
    else:
        plain = series.astype(object)
        values = plain.map(lambda v: f"{v:g}" if isinstance(v, float) else str(v)).to_numpy(dtype=object)
        if numeric:
            levels = list(dict.fromkeys(values[np.argsort(series.to_numpy(dtype=float), kind="stable")].tolist()))
        else:
            levels = sorted(set(values.tolist()))
    if reference is not None:
        if reference not in levels:
            raise StudyError(
                f"reference: {name} has no level {reference!r}.{did_you_mean(reference, levels)} "
                f"Its levels are {', '.join(levels[:MANY])}."
            )
        levels.remove(reference)
        levels.insert(0, reference)
    if len(levels) < 2:
        raise StudyError(
            f"samples.{name}: every sample is {levels[0] if levels else 'empty'!r}, so there is nothing to compare. "
            "Leave it out of the design, or add samples of another level."
        )
    return _Variable(values, tuple(levels), np.empty(0))


def _term(
    term: tuple[str, ...], variables: Mapping[str, _Variable], present: set[frozenset[str]]
) -> tuple[Floats, list[str]]:
    """Columns of one term: products over its variables, the first varying fastest, as R orders them."""
    columns, names = np.empty((0, 0)), list[str]()
    for place, name in enumerate(term):
        v = variables[name]
        if not v.levels:
            part, labels = v.numbers[:, None], [name]
        else:
            contrasts = frozenset(term) - {name} in present
            used = v.levels[1:] if contrasts else v.levels
            part = np.column_stack([(v.values == level).astype(float) for level in used])
            if len(term) > 1:
                labels = [f"{name}{level}" for level in used]
            elif contrasts:
                labels = [f"{name}_{level}_vs_{v.levels[0]}" for level in used]
            else:
                labels = [f"{name}{level}" for level in used]
        if place == 0:
            columns, names = part, labels
        else:
            columns = np.column_stack(
                [columns[:, i] * part[:, j] for j in range(part.shape[1]) for i in range(columns.shape[1])]
            )
            names = [f"{a}.{b}" for b in labels for a in names]
    return columns, names


def _main_column(design: DesignMatrix, variable: str, level: str) -> str | None:
    """The column of a level's main effect; None for the reference."""
    reference = design.levels[variable][0]
    coded = f"{variable}_{level}_vs_{reference}"
    if coded in design.columns:
        return coded
    plain = f"{variable}{level}"
    return plain if plain in design.columns else None


def _coefficient(design: DesignMatrix, name: str) -> Comparison:
    wanted = name.replace(":", ".")
    if wanted not in design.columns:
        shown = [c for c in design.columns if c != "Intercept"]
        listed = ", ".join(shown[:MANY]) + (" …" if len(shown) > MANY else "")
        raise StudyError(
            f"contrast: the design {design.formula.text!r} has no coefficient {name!r}."
            f"{did_you_mean(wanted, shown)} It has {listed}; or give a variable and two of its levels."
        )
    weights = np.zeros(len(design.columns))
    weights[design.columns.index(wanted)] = 1.0
    return Comparison(weights, wanted)


def _check_rank(design: DesignMatrix) -> None:
    x, text = design.values, design.formula.text
    samples, columns = x.shape
    empty = np.flatnonzero(~x.any(axis=0))
    if empty.size:
        term = design.terms[int(empty[0])]
        raise StudyError(
            f"design {text!r}: no sample has the combination {design.columns[int(empty[0])]!r}, so the term "
            f"{':'.join(term)} cannot be estimated. Leave it out, or join levels."
        )
    scaled = x / np.sqrt((x * x).sum(axis=0))
    kept: list[int] = []
    for j in range(columns):
        trial = [*kept, j]
        if np.linalg.matrix_rank(scaled[:, trial], tol=1e-9 * max(samples, columns)) < len(trial):
            raise StudyError(_confounded(design, kept, j))
        kept.append(j)
    if columns >= samples:
        raise StudyError(
            f"design {text!r}: {columns} coefficients for {samples} samples leave no replicate to estimate variation "
            "from. Use fewer terms or more samples."
        )


def _confounded(design: DesignMatrix, kept: list[int], column: int) -> str:
    """Which terms a column cannot be told apart from: those with weight in its expression by the columns before it."""
    before = design.values[:, kept]
    weights = np.linalg.lstsq(before, design.values[:, column], rcond=None)[0]
    partners = {design.terms[kept[i]] for i in np.flatnonzero(np.abs(weights) > 1e-6)} - {()}
    term = ":".join(design.terms[column])
    others = sorted(":".join(t) for t in partners if t != design.terms[column])
    text = design.formula.text
    if not others:
        return (
            f"design {text!r}: the columns of {term or 'the intercept'} depend on each other "
            f"({design.columns[column]!r}). Leave the term out."
        )
    start = f"design {text!r}: {term} cannot be told apart from {' and '.join(others)}"
    for other in others:
        if other in design.labels and term in design.labels:
            pairs = set(zip(design.labels[other], design.labels[term], strict=True))
            for one, of in ((other, term), (term, other)):
                if len(pairs) == len(design.levels[one]):
                    return f"{start}: each {one} has one {of} only. Leave one of the two out."
    return f"{start} in these samples (column {design.columns[column]!r}). Leave one of them out."
