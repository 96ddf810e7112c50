"""Residual cancer burden and pathological complete response, from measurements of the resected specimen."""

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Literal

from her2het.notice import INTENDED_USE, OF_RULES
from her2het.reference.guidelines import RCB
from her2het.rules.exact import exact, one_of, within
from her2het.rules.trace import Flag, Step
from her2het.schema import StudyError

RULESET = "rcb-2007/1"
Boundary = Literal["upper_inclusive", "lower_inclusive"]
FIELDS = {
    "d1": "longer diameter of the tumour bed, mm",
    "d2": "diameter at right angles, mm",
    "cellularity": "cancer cells, invasive and in situ, in the bed, %",
    "in_situ": "of those, in situ, %",
    "nodes": "lymph nodes with cancer, isolated tumour cells included",
    "largest_met": "largest nodal metastasis, mm",
}
PCR_DEFINITIONS = {
    "ypT0/is ypN0": "RCB-0: no invasive cancer in breast and nodes; in situ may remain",
    "ypT0 ypN0": "no invasive and no in situ cancer in breast, none in nodes",
    "ypT0/is": "no invasive cancer in breast, nodes not considered",
}


@dataclass(frozen=True)
class RcbResult:
    """Index, class and pCR of one specimen; None, with `missing`, where a measurement was not given."""

    index: float | None
    rcb_class: Literal["0", "I", "II", "III"] | None
    pcr: dict[str, bool | None]
    flags: tuple[Flag, ...]
    missing: tuple[str, ...]
    steps: tuple[Step, ...]
    boundary: Boundary
    inputs_sha256: str = ""

    def as_dict(self) -> dict[str, object]:
        """For JSON."""
        return {
            "rcb": self.index,
            "rcb_class": self.rcb_class,
            "pcr": dict(self.pcr),
            "warnings": [{"code": flag.code, "text": flag.text} for flag in self.flags],
            "missing": list(self.missing),
            "steps": [step.as_dict() for step in self.steps],
            "boundary": self.boundary,
            "reference": {"citation": RCB.citation.full, "doi": RCB.citation.doi},
            "ruleset_version": RULESET,
            "inputs_sha256": self.inputs_sha256,
            "intended_use": INTENDED_USE,
            "research_use": list(OF_RULES),
        }


def rcb_index(
    *, d1: float, d2: float, cellularity: float, in_situ: float, nodes: int, largest_met: float
) -> tuple[float, float, float]:
    """Residual cancer burden: the index, and its breast and node terms.

    RCB = 1.4 (f d)^0.17 + (4 (1 - 0.75^n) m)^0.17, with d = sqrt(d1 d2) in mm, f = (1 - in_situ/100) cellularity/100,
    n positive nodes, m the largest nodal metastasis in mm, and 0^0.17 = 0. Symmans 2007, doi 10.1200/JCO.2007.10.6823.
    """
    burden = (1 - in_situ / 100) * cellularity / 100 * math.sqrt(d1 * d2)
    spread = RCB.node_factor * (1 - RCB.node_base**nodes) * largest_met
    breast = RCB.primary_factor * burden**RCB.power if burden > 0 else 0.0
    node = spread**RCB.power if spread > 0 else 0.0
    return breast + node, breast, node


def rcb_class(index: float, boundary: Boundary = "upper_inclusive") -> Literal["0", "I", "II", "III"]:
    """Class of an unrounded index: 0; I to 1.36; II to 3.28; III above. `boundary`: the class that holds a limit."""
    if index == 0:
        return "0"
    upper = boundary == "upper_inclusive"
    if index < RCB.class_1_up_to or (upper and index == RCB.class_1_up_to):
        return "I"
    return "II" if index < RCB.class_2_up_to or (upper and index == RCB.class_2_up_to) else "III"


def rcb(
    *,
    d1: object,
    d2: object,
    cellularity: object,
    in_situ: object,
    nodes: object,
    largest_met: object,
    boundary: Boundary = "upper_inclusive",
    place: str = "rcb",
) -> RcbResult:
    """Index, class and three definitions of pCR of one specimen; a missing measurement is not a zero.

    `boundary` says which class an index on a limit belongs to. Isolated tumour cells count as nodal disease.

    :raises StudyError: outside bounds; nodes without a metastasis size or the reverse; cancer in a bed without size
    """
    one_of(boundary, f"{place}.boundary", ("upper_inclusive", "lower_inclusive"))
    given = dict(zip(FIELDS, (d1, d2, cellularity, in_situ, nodes, largest_met), strict=True))
    values = {name: None if value is None else _checked(name, value, place) for name, value in given.items()}
    _consistent(values, place)
    missing = tuple(f"{name} ({FIELDS[name]})" for name, value in values.items() if value is None)
    pcr = _pcr(values)
    told = {name: str(value) for name, value in values.items() if value is not None} | {"boundary": boundary}
    seal = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    if missing:
        step = Step(
            "not given: " + ", ".join(name for name, v in values.items() if v is None),
            "RCB needs all six",
            "no index",
            "stop",
            RCB.reference,
        )
        return RcbResult(None, None, pcr, (), missing, (step,), boundary, seal)
    a, b, ca, cis, n, met = (value or 0.0 for value in values.values())
    index, breast, node = rcb_index(d1=a, d2=b, cellularity=ca, in_situ=cis, nodes=int(n), largest_met=met)
    found = rcb_class(index, boundary)
    near = [limit for limit in (RCB.class_1_up_to, RCB.class_2_up_to) if abs(index - limit) <= RCB.near]
    flags = tuple(Flag("NEAR_CUT", f"The index {index:.4f} lies within {RCB.near} of {limit}.") for limit in near)
    steps = (
        Step(
            f"bed {a:g} x {b:g} mm, cellularity {ca:g} %, of it in situ {cis:g} %",
            f"{RCB.primary_factor} (f d)^{RCB.power}",
            f"{breast:.4f}",
            "plain",
            RCB.reference,
        ),
        Step(
            f"{n:g} positive nodes, largest {met:g} mm",
            f"({RCB.node_factor:g} (1 - {RCB.node_base}^n) m)^{RCB.power}",
            f"{node:.4f}",
            "plain",
            RCB.reference,
        ),
        Step(
            f"{breast:.4f} + {node:.4f} = {index:.4f}",
            _class_rule(boundary),
            f"RCB-{found}",
            "caution" if near else "plain",
            RCB.reference,
        ),
    )
    return RcbResult(index, found, pcr, flags, (), steps, boundary, seal)


def _class_rule(boundary: Boundary) -> str:
    low, high = RCB.class_1_up_to, RCB.class_2_up_to
    if boundary == "upper_inclusive":
        return f"0; I up to {low}; II up to {high}; III above"
    return f"0; I below {low}; II from {low}; III from {high}"


def _checked(name: str, value: object, place: str) -> float:
    at = f"{place}.{name}"
    if name in {"cellularity", "in_situ"}:
        return float(within(value, at, 0, 100, "percent"))
    if name == "nodes":
        number = exact(value, at)
        if number < 0 or number != number.to_integral_value() or number > 200:
            raise StudyError(f"{at}: {number} is not a number of nodes from 0 to 200. Write a whole number.")
        return float(number)
    return float(within(value, at, 0, 500, "mm"))


def _consistent(values: dict[str, float | None], place: str) -> None:
    nodes, met = values["nodes"], values["largest_met"]
    if nodes is not None and met is not None and (nodes > 0) != (met > 0):
        raise StudyError(
            f"{place}: {nodes:g} positive nodes, largest metastasis {met:g} mm; both are 0 or neither is. Correct one."
        )
    d1, d2, ca, cis = (values[name] for name in ("d1", "d2", "cellularity", "in_situ"))
    if ca is not None and ca > 0 and (d1 == 0 or d2 == 0) and cis != 100:
        raise StudyError(
            f"{place}: cellularity {ca:g} % in a bed of {d1} x {d2} mm. Give both diameters, or cellularity 0."
        )


def _pcr(values: dict[str, float | None]) -> dict[str, bool | None]:
    """Three-valued: a finding of cancer decides even where something else is missing."""
    ca, cis, nodes = values["cellularity"], values["in_situ"], values["nodes"]
    no_invasive = None if ca is None else True if ca == 0 else None if cis is None else cis == 100
    no_cancer = None if ca is None else ca == 0
    no_nodes = None if nodes is None else nodes == 0
    return {
        "ypT0/is ypN0": _both(no_invasive, no_nodes),
        "ypT0 ypN0": _both(no_cancer, no_nodes),
        "ypT0/is": no_invasive,
    }


def _both(a: bool | None, b: bool | None) -> bool | None:
    if a is False or b is False:
        return False
    return None if a is None or b is None else True
