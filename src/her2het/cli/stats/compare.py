"""`her2het stats compare`: groups of patients in one measurement."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

import click

from her2het.cli.stats.rows import COMBINE, PATIENT, TABLE
from her2het.cli.stats.told import LEVEL, OUT, UNIT

if TYPE_CHECKING:
    import pandas as pd

    from her2het.cli.stats.rows import Rows
    from her2het.stats.estimate import Estimate
    from her2het.stats.units import Combine

METHODS = ("rank-sum", "van-elteren", "mixed", "kruskal", "trend", "every")
SEVERAL = ("mixed", "every")  # methods that take several rows of a patient as they are

HELP = """Compare groups of patients in one measurement: effect, interval, p, n.

TABLE (TSV or CSV) has one row per patient, or with --patient several.

\b
rank-sum     Hodges-Lehmann shift, each group against --control (exact where R is)
van-elteren  the shift within strata (--stratum), such as hormone receptor
mixed        difference of means, all rows of a patient, random intercept per patient; --stratum as a covariate
kruskal      do any groups differ (epsilon squared)
trend        do values rise along --order (Jonckheere-Terpstra)
every        each contrast in all ways that apply: these, a bootstrap, and each way to combine a patient's rows

Several rows of a patient are one value (--combine) or go into a mixed model; they are never taken as patients. With
several contrasts q is Benjamini-Hochberg over them.

\b
Examples:
  her2het stats compare scores.tsv --value immune --group arm --control placebo
  her2het stats compare biopsies.tsv --value tils --group response --control pCR --patient patient --combine mean
  her2het stats compare biopsies.tsv --value tils --group response --control pCR --patient patient --method mixed
  her2het stats compare scores.tsv --value ki67 --group grade --method trend --order "1,2,3"
"""


@click.command("compare", help=HELP)
@TABLE
@click.option("--value", required=True, metavar="COL", help="Column of the measurement.")
@click.option("--group", required=True, metavar="COL", help="Column of the groups.")
@click.option("--control", metavar="LEVEL", help="The group that the others are held against.")
@click.option("--treated", multiple=True, metavar="LEVEL", help="Only this group against it; may be repeated.")
@PATIENT
@COMBINE
@click.option("--stratum", metavar="COL", help="Column of strata: the comparison is within them.")
@click.option(
    "--covariate", multiple=True, metavar="COL", help="A covariate (mixed): its mean per patient; may be repeated."
)
@click.option("--order", metavar="A,B,C", help="Groups in their order, for trend (and kruskal).")
@click.option("--method", type=click.Choice(METHODS), help="By default rank-sum, and van-elteren with --stratum.")
@click.option(
    "--interval",
    type=click.Choice(["test", "bootstrap"]),
    default="test",
    show_default=True,
    help="Interval that inverts the test, or from resampled patients (rank-sum).",
)
@click.option("--draws", type=click.IntRange(min=100), default=2000, show_default=True, help="Of the bootstrap.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the bootstrap.")
@UNIT
@LEVEL
@OUT
def command(
    table: Path,
    value: str,
    group: str,
    control: str | None,
    treated: tuple[str, ...],
    patient: str | None,
    combine: str | None,
    stratum: str | None,
    covariate: tuple[str, ...],
    order: str | None,
    method: str | None,
    interval: Literal["test", "bootstrap"],
    draws: int,
    seed: int,
    unit: str,
    level: float,
    out: Path | None,
) -> None:
    from her2het.cli.outputs import check_outputs
    from her2het.cli.stats.rows import Holds, read_rows
    from her2het.cli.stats.told import tell
    from her2het.schema import StudyError

    check_outputs((table,), out=out)
    how = method or ("van-elteren" if stratum else "rank-sum")
    _check(how, control, treated, stratum, order, patient, combine, interval)
    wanted: list[tuple[str, Holds]] = [(value, "number"), (group, "text")]
    if stratum:
        wanted.append((stratum, "text"))
    for name in covariate:
        if how != "mixed":
            raise StudyError(f"compare: {how} takes no covariate. Leave --covariate out, or take --method mixed.")
        wanted.append((name, "either"))
    rows = read_rows(table, wanted, patient)
    rows.say_lost()
    groups = rows.words(group)
    strata = rows.words(stratum) if stratum else None
    way = cast("Combine | None", combine)
    if how in ("kruskal", "trend"):
        found = [_over_all(rows, value, groups, how, order, way, unit, level)]
    else:
        contrasts = _contrasts(rows, group, groups, str(control), treated)
        if how not in SEVERAL:
            rows.need_one(value, way, "; or take them all: --method mixed")
        found = _each(
            rows, value, groups, strata, covariate, contrasts, (how, interval, way), (draws, seed), unit, level
        )
    tell(found, out)


def _check(
    how: str,
    control: str | None,
    treated: tuple[str, ...],
    stratum: str | None,
    order: str | None,
    patient: str | None,
    combine: str | None,
    interval: str,
) -> None:
    """:raises StudyError: where options do not go together"""
    from her2het.schema import StudyError

    overall = how in ("kruskal", "trend")
    if not overall and control is None:
        raise StudyError(f"compare: {how} holds groups against one of them. Name it with --control.")
    if overall and (control is not None or treated):
        raise StudyError(f"compare: {how} compares all groups at once, without a control. Leave --control out.")
    if how == "trend" and order is None:
        raise StudyError("compare: a trend needs the groups in their order. Give --order, such as 'low,mid,high'.")
    if order is not None and not overall:
        raise StudyError(f"compare: --order does nothing for {how}. Leave it out, or take --method trend.")
    if how == "van-elteren" and stratum is None:
        raise StudyError("compare: van-elteren compares within strata. Name their column with --stratum.")
    if stratum is not None and how in ("rank-sum", "kruskal", "trend"):
        raise StudyError(f"compare: {how} takes no strata. Leave --stratum out, or take --method van-elteren.")
    if how in SEVERAL and patient is None:
        raise StudyError(f"compare: --method {how} needs to know whose each row is. Name the column with --patient.")
    if how in SEVERAL and combine is not None:
        raise StudyError(f"compare: --method {how} takes all rows of a patient. Leave --combine out.")
    if combine is not None and patient is None:
        raise StudyError("compare: --combine joins the rows of a patient. Name their column with --patient.")
    if interval == "bootstrap" and how != "rank-sum":
        raise StudyError(f"compare: --interval bootstrap goes with rank-sum, not with {how}. Leave it out.")


def _contrasts(
    rows: Rows, group: str, groups: pd.Series, control: str, treated: tuple[str, ...]
) -> list[tuple[str, str]]:
    from her2het.cli.stats.rows import level_of
    from her2het.schema import StudyError

    present = sorted({str(v) for v in groups.dropna()})
    level_of(rows.name, group, control, present)
    others = [level_of(rows.name, group, t, present) for t in treated] or [p for p in present if p != control]
    if not others or control in others:
        raise StudyError(f"{rows.name}: {group} has no group but {control!r} to compare. Name two different groups.")
    return [(other, control) for other in others]


def _each(
    rows: Rows,
    value: str,
    groups: pd.Series,
    strata: pd.Series | None,
    covariates: tuple[str, ...],
    contrasts: list[tuple[str, str]],
    chosen: tuple[str, str, Combine | None],
    drawn: tuple[int, int],
    unit: str,
    level: float,
) -> list[Estimate]:
    """One estimate per contrast (per way and contrast for `every`), with q over the contrasts."""
    from her2het.cli.stats.told import family_of
    from her2het.stats.mixed import mixed_shift
    from her2het.stats.rank_tests import rank_sum
    from her2het.stats.robustness import bootstrap_shift, by_way
    from her2het.stats.strata import stratified_rank_sum
    from her2het.stats.units import PerPatient

    how, interval, combine = chosen
    draws, seed = drawn
    what = f"comparisons with {contrasts[0][1]}"
    samples = rows.sample(value, unit)
    if how == "every":
        every = [
            by_way(samples, rows.owner, groups, *pair, strata=strata, draws=draws, seed=seed, level=level)
            for pair in contrasts
        ]
        ways = list(dict.fromkeys(way for found in every for way in found))
        named = [
            [replace(found[way], contrast=f"{' − '.join(found[way].groups)}, {way}") for found in every if way in found]
            for way in ways
        ]
        return [e for way, found in zip(ways, named, strict=True) for e in family_of(found, f"{what}, {way}")]
    if how == "mixed":
        adjust = () if strata is None else (PerPatient(strata.dropna().astype(object), str(strata.name)),)
        adjust += tuple(rows.term(name, "mean") for name in covariates)
        told = [mixed_shift(samples, rows.owner, groups, *pair, adjust=adjust, level=level) for pair in contrasts]
        return family_of(told, what)
    values = samples.per_patient(rows.owner, combine or "mean")
    if strata is not None:
        return family_of([stratified_rank_sum(values, groups, strata, *pair, level=level) for pair in contrasts], what)
    told = [rank_sum(values, groups, *pair, level=level) for pair in contrasts]
    if interval == "bootstrap":
        limits = [bootstrap_shift(values, groups, *pair, draws=draws, seed=seed, level=level) for pair in contrasts]
        told = [
            replace(
                e,
                low=b.low,
                high=b.high,
                level=b.level,
                method=f"{e.method}; interval: {b.method}",
                remark="; ".join(filter(None, (e.remark, b.remark))),
            )
            for e, b in zip(told, limits, strict=True)
        ]
    return family_of(told, what)


def _over_all(
    rows: Rows,
    value: str,
    groups: pd.Series,
    how: str,
    order: str | None,
    combine: Combine | None,
    unit: str,
    level: float,
) -> Estimate:
    from her2het.cli.stats.rows import level_of
    from her2het.schema import StudyError
    from her2het.stats.several import kruskal_wallis, trend

    present = sorted({str(v) for v in groups.dropna()})
    labels = [part.strip() for part in order.split(",")] if order else present
    for label in labels:
        level_of(rows.name, str(groups.name), label, present)
    if len(labels) < 2 or len(set(labels)) < len(labels):
        raise StudyError(f"{rows.name}: {', '.join(labels)} are not two or more different groups. Name two or more.")
    values = rows.numbers(value, combine, unit)
    return (trend if how == "trend" else kruskal_wallis)(values, groups, tuple(labels), level=level)
