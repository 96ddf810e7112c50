"""Whether a recount of ISH may be used: another observer, blinded, enough cells, the IHC 2+ area included."""

from dataclasses import dataclass
from typing import Literal

from her2het.reference.guidelines import GUIDELINES, Version
from her2het.rules.ish import IshReading, read_ish
from her2het.rules.ish_input import Ish
from her2het.rules.trace import Flag, Step


@dataclass(frozen=True)
class Recount:
    """A recount, read; its group where it may be used."""

    state: Literal["none", "accepted", "invalid", "not used"]
    reading: IshReading | None = None
    group: int | None = None
    flags: tuple[Flag, ...] = ()
    steps: tuple[Step, ...] = ()


def check_recount(recount: Ish | None, first: Ish | None, version: Version) -> Recount:
    """Accept or refuse a recount. What is known to be wrong makes it invalid; what is not stated is flagged.

    The two counts are never pooled here: a change of group is for the laboratory to adjudicate.
    """
    if recount is None or first is None:
        return Recount("none")
    rules = GUIDELINES[version].ish
    reading = read_ish(recount, version)
    wrong: list[str] = []
    unstated: list[str] = []
    if recount.observer and first.observer and recount.observer.casefold() == first.observer.casefold():
        wrong.append(f"the same observer ({recount.observer}) counted")
    elif recount.observer is None or first.observer is None:
        unstated.append("who counted")
    if recount.blinded is False:
        wrong.append("the observer knew the first result")
    elif recount.blinded is None:
        unstated.append("whether the observer was blinded")
    if recount.n is not None and recount.n < rules.min_recount_cells:
        wrong.append(f"{recount.n} cells were counted, {rules.min_recount_cells} are needed")
    elif recount.n is None:
        unstated.append("how many cells were counted")
    if recount.includes_2plus_area is False:
        wrong.append("the IHC 2+ area was left out")
    elif recount.includes_2plus_area is None:
        unstated.append("whether the IHC 2+ area was included")
    if reading.state == "indeterminate":
        wrong.append("it has no result")
    elif len(reading.groups) != 1:
        wrong.append("ratio or copies are missing")
    if wrong:
        text = f"The recount is not used: {'; '.join(wrong)}."
        step = Step(f"recount: {recount.shown()}", "conditions of a recount", "not valid", "stop", rules.reference)
        return Recount("invalid", reading, None, (Flag("RECOUNT_INVALID", text),), (step,))
    flags = (Flag("RECOUNT_UNDOCUMENTED", f"Not stated: {', '.join(unstated)}."),) if unstated else ()
    return Recount("accepted", reading, reading.groups[0], flags)


def recount_step(recount: Recount, first: Ish, second: Ish, group: int, version: Version) -> Step:
    """How an accepted recount compares with the first count; the pooled value is for information."""
    same = recount.group == group
    pooled = ""
    if not same and None not in (first.sum_her2, first.sum_cep17, second.sum_her2, second.sum_cep17):
        her2 = (first.sum_her2 or 0) + (second.sum_her2 or 0)
        cep17 = (first.sum_cep17 or 0) + (second.sum_cep17 or 0)
        n = (first.n or 0) + (second.n or 0)
        pooled = f"; both together, for information: ratio {her2}/{cep17}, copies {her2}/{n}"
    outcome = f"stays group {group}" if same else f"group {recount.group}, was {group}{pooled}"
    return Step(
        f"recount: {second.shown()}",
        "blinded recount with IHC 2+: does the group stay?",
        outcome,
        "plain" if same else "stop",
        GUIDELINES[version].ish.figure(group) or GUIDELINES[version].ish.reference,
    )
