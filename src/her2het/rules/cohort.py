"""Many cases under all versions: a row per case, and what changes from one version to another."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd

from her2het.notice import INTENDED_USE
from her2het.reference.guidelines import VERSIONS, Version
from her2het.rules.case import case_from
from her2het.rules.status import DEFAULT, Policy, verdicts
from her2het.rules.trace import STATUSES, Verdict
from her2het.schema import StudyError

SHOWN_PROBLEMS = 20
_MOVED = ["case", "before", "after", "reason_before", "reason_after", "basis_changes"]


class Classified(NamedTuple):
    """A case and its verdicts, version by version."""

    name: str
    verdicts: dict[Version, Verdict]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Reclassification:
    """How cases move from one version to another."""

    first: Version
    last: Version
    table: pd.DataFrame
    """Cases by status under `first` (rows) and `last` (columns)."""
    by_numbers: pd.DataFrame
    """The same for cases in which IHC percentages or ISH numbers, not a reported category, decide under both."""
    moved: pd.DataFrame
    """The cases whose status changes: case, before, after, reasons, and whether it rests on something else."""
    carried_ihc: int
    """Cases whose IHC is a bare score, which no version can re-score."""
    rescored_ihc: int
    """Cases with staining percentages."""
    ish_numbers: int
    """Cases with an ISH ratio or copies."""
    ish_reported: int
    """Cases with ISH known only as a category."""
    n: int

    @property
    def note(self) -> str:
        """What the matrix can and cannot show."""
        text = (
            f"{self.n} cases: IHC as a bare score in {self.carried_ihc}, as percentages in {self.rescored_ihc}; ISH in "
            f"numbers in {self.ish_numbers}, as a category alone in {self.ish_reported}. A bare score and a bare "
            "category cannot be read again under another version and are carried unchanged"
        )
        if self.rescored_ihc == 0:
            text += ": this matrix reflects ISH alone"
        shifts = int(self.moved["basis_changes"].sum()) if len(self.moved) else 0
        if shifts:
            text += (
                f". In {shifts} of the cases that move, numbers decide under one version and leave the other open, "
                "which then rests on the reported category or on nothing"
            )
        return text + "."


def classify(
    records: Iterable[Mapping[str, object]],
    policy: Policy = DEFAULT,
    notes: Mapping[str, tuple[str, ...]] | None = None,
) -> list[Classified]:
    """The verdicts of each record (see `case_from`) under all four versions.

    :raises StudyError: all problems of all records, up to twenty
    """
    done: list[Classified] = []
    problems: list[str] = []
    for number, record in enumerate(records, 1):
        try:
            case = case_from(record, f"case {number}")
        except StudyError as e:
            problems += e.problems
            continue
        done.append(Classified(case.name, verdicts(case, policy), (notes or {}).get(case.name, ())))
    if problems:
        more = len(problems) - SHOWN_PROBLEMS
        raise StudyError(*problems[:SHOWN_PROBLEMS], *([f"and {more} more problems like these."] if more > 0 else []))
    return done


def status_table(cases: Iterable[Classified]) -> pd.DataFrame:
    """A row per case: what was read, and status, comment, basis, reason and flags under each version."""
    rows: list[dict[str, object]] = []
    for case in cases:
        last = case.verdicts["2023"]
        row: dict[str, object] = {"case": case.name, "ihc_score_2023": last.ihc_score, **_ish_columns(last)}
        for version in VERSIONS:
            verdict = case.verdicts[version]
            row[f"status_{version}"] = verdict.status
            row[f"reason_{version}"] = verdict.reason
            row[f"comment_{version}"] = verdict.comment_code
            row[f"basis_{version}"] = verdict.basis
            row[f"flags_{version}"] = " ".join(dict.fromkeys(flag.code for flag in verdict.flags))
        row["stratum_2023"] = last.stratum
        row["read_as"] = "; ".join(case.notes)
        row["ruleset"] = " ".join(case.verdicts[version].ruleset_version for version in VERSIONS)
        row["inputs_sha256"] = last.inputs_sha256
        row["intended_use"] = INTENDED_USE
        rows.append(row)
    return pd.DataFrame(rows)


def _ish_columns(verdict: Verdict) -> dict[str, object]:
    ish = verdict.ish
    return {
        "ish_ratio": ish.ratio.shown if ish and ish.ratio else None,
        "ish_copies": ish.copies.shown if ish and ish.copies else None,
        "ish_group": ish.group if ish else None,
        "ish_possible_groups": " ".join(map(str, ish.possible_groups)) if ish else None,
    }


def reclassification(cases: Iterable[Classified], first: Version = "2007", last: Version = "2023") -> Reclassification:
    """Cases by their status under two versions, and those that move."""
    given = list(cases)
    pairs = [(case.name, case.verdicts[first], case.verdicts[last]) for case in given]
    moved = [_move(name, before, after) for name, before, after in pairs if before.status != after.status]
    ish = [after.ish for _, _, after in pairs if after.ish is not None]
    numbers = sum(one.ratio is not None or one.copies is not None for one in ish)
    return Reclassification(
        first,
        last,
        _cross(pairs, first, last),
        _cross([pair for pair in pairs if _decided(pair[1]) and _decided(pair[2])], first, last),
        pd.DataFrame(moved, columns=_MOVED),
        sum(after.has("LEGACY_SCORE") for _, _, after in pairs),
        sum(
            after.ihc_category not in {"none", "indeterminate"} and not after.has("LEGACY_SCORE")
            for _, _, after in pairs
        ),
        numbers,
        len(ish) - numbers,
        len(given),
    )


def _cross(pairs: Iterable[tuple[str, Verdict, Verdict]], first: Version, last: Version) -> pd.DataFrame:
    counts = Counter((before.status, after.status) for _, before, after in pairs)
    return counted(counts, (first, STATUSES), (last, STATUSES))


def counted(
    counts: Mapping[tuple[str, str], int], rows: tuple[str, Sequence[str]], columns: tuple[str, Sequence[str]]
) -> pd.DataFrame:
    """Counts of pairs as a table: `rows` and `columns` are a name and the order of what occurs."""
    down = [name for name in rows[1] if any(pair[0] == name for pair in counts)]
    across = [name for name in columns[1] if any(pair[1] == name for pair in counts)]
    cells = [[counts.get((a, b), 0) for b in across] for a in down]
    return pd.DataFrame(cells, index=pd.Index(down, name=rows[0]), columns=pd.Index(across, name=columns[0]))


def _decided(verdict: Verdict) -> bool:
    """Whether something that this version can read, percentages or ISH numbers, lies behind the status."""
    reads_ish = verdict.basis in {"ISH", "IHC and ISH"}
    return reads_ish or (verdict.basis == "IHC" and not verdict.has("LEGACY_SCORE"))


def _move(name: str, before: Verdict, after: Verdict) -> dict[str, object]:
    values = (before.status, after.status, before.reason, after.reason, before.basis != after.basis)
    return dict(zip(_MOVED, (name, *values), strict=True))
