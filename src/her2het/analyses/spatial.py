"""How amplified nuclei lie among the others: in clusters, intermingled or scattered."""

import zlib
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from her2het.analyses.nuclei import placed_nuclei
from her2het.analyses.parts import excluded, group_of
from her2het.kernels.spatial import Pattern, PatternRule, call_pattern, component_sizes, join_counts, neighbour_edges
from her2het.plan import analysis
from her2het.reference.het_profiles import BY_NAME, CellCutoffs, HetProfile
from her2het.reference.spatial_rule import SPATIAL_RULE
from her2het.results.cohort import GroupAssignment
from her2het.results.her2 import SpatialPatterns
from her2het.schema import Design, NotApplicable, Note
from her2het.stats.families import adjusted
from her2het.tables import FishNuclei, Samples

RULE = PatternRule(*SPATIAL_RULE.bounds)
MAPPED = (Pattern.CLUSTERED, Pattern.MOSAIC, Pattern.SCATTERED)
PER_PATTERN = 2
"""Tumours of each pattern on the maps."""
AREAS = 3
"""Areas of each on the maps."""
Graph = Literal["knn", "delaunay"]


@analysis(section="HER2 status and heterogeneity")
def spatial_pattern(
    fish_nuclei: FishNuclei,
    samples: Samples,
    groups: GroupAssignment | None,
    design: Design,
    *,
    min_her2: Annotated[
        int, Field(ge=0, description="Fewest ERBB2 signals of an amplified nucleus; keeps cut nuclei of 2 copies out.")
    ] = 4,
    graph: Annotated[
        Graph, Field(description="Neighbours: the nearest nuclei, or edges of the Delaunay triangulation up to 50 um.")
    ] = "knn",
    permutations: Annotated[int, Field(ge=99, description="Draws of labels for the test of Moran's I.")] = 999,
    seed: Annotated[int, Field(ge=0, description="Seed of the draws.")] = 1,
) -> SpatialPatterns:
    """Do amplified nuclei lie in clusters, intermingled with the others, or scattered among them?

    A nucleus is amplified with a ratio of at least 2.0 or at least 6 copies, and at least `min_her2` copies in every
    case. Neighbours are the six nearest nuclei of the same area. The minority is whichever kind is rarer; its connected
    groups are counted, and Moran's I asks whether amplified nuclei are neighbours more often than random labels
    over all nuclei (permutation test, one-sided; Benjamini-Hochberg over the tumours of a phase). Rule: at most 5 %
    minority: homogeneous; I significant at 0.05 and at least half of the minority in the largest group of its area:
    clustered; an amplified minority below 30 % without a group of 10 nuclei: scattered; otherwise mosaic. The terms are
    published (doi:10.1038/s41374-018-0172-y); the numbers of the rule are a proposal and were not validated on tissue.
    """
    if not {"x", "y"} <= set(fish_nuclei.columns):
        raise NotApplicable("fish_nuclei has no positions (x, y)")
    placed = placed_nuclei(fish_nuclei, samples, design)
    known = placed.dropna(subset=["x", "y"]).reset_index(drop=True)
    if known.empty:
        raise NotApplicable("no nucleus before or after treatment has a position")
    cell = BY_NAME[HetProfile.LI2024].cell
    called, scored = _amplified(known, cell, min_her2)
    known = known.assign(positive=called)[scored].reset_index(drop=True)
    settings = {"graph": graph, "permutations": permutations, "seed": seed}
    by_sample = _patterns(known, "sample", **settings)
    by_patient = _patterns(known, "patient", **settings)
    fewer = by_patient[by_patient["minority_positive"].to_numpy(dtype=bool)]
    shown = _shown(fewer)
    lost = len(placed) - len(known)
    short = by_patient[by_patient["pattern"] == Pattern.INSUFFICIENT.name]
    rows = [("patient", str(p), f"{n} nuclei with positions", "nuclei") for p, n in _pairs(short, "patient", "nuclei")]
    return SpatialPatterns(
        samples=by_sample,
        patients=by_patient,
        by_group=_by_group(fewer[fewer["phase"] == "baseline"], groups),
        shown=shown,
        nuclei=_mapped(known, shown),
        rule=SPATIAL_RULE.text,
        labels=design.labels,
        control=design.control,
        excluded=excluded(rows),
        notes=_notes(by_patient, lost, len(placed)),
    )


def _amplified(nuclei: pd.DataFrame, cell: CellCutoffs, least: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which nuclei are amplified, and which can be judged."""
    h, c = nuclei["erbb2"].to_numpy(dtype=np.int64), nuclei["cep17"].to_numpy(dtype=np.int64)
    ratio = (c > 0) & (cell.ratio_den * h - cell.ratio_num * c >= cell.ratio_margin)
    copies = np.where(c > 0, h >= cell.min_copies, h >= cell.min_copies_without_cep17)
    return (ratio | copies) & (h >= least), (c > 0) | copies


def _patterns(nuclei: pd.DataFrame, unit: str, graph: Graph, permutations: int, seed: int) -> pd.DataFrame:
    """A row per unit and phase."""
    area = nuclei["sample"].astype(str) + "\t" + nuclei["area"].astype(str)
    table = nuclei.assign(area_code=pd.factorize(area)[0])
    rows: list[dict[str, object]] = []
    for (name, phase), part in table.groupby([unit, "phase"], sort=False):
        rows.append(
            {unit: str(name), "phase": str(phase)} | _pattern(part, f"{name} {phase}", graph, permutations, seed)
        )
    frame = pd.DataFrame(rows).astype({unit: "string", "phase": "string", "pattern": "string"})
    frame["q"] = np.nan
    for phase in frame["phase"].unique():
        here = (frame["phase"] == phase).to_numpy(dtype=bool)
        frame.loc[here, "q"] = adjusted(frame.loc[here, "p"].to_numpy(dtype=float))
    return frame.astype({"minority_positive": "boolean"})


def _pattern(part: pd.DataFrame, name: str, graph: Graph, permutations: int, seed: int) -> dict[str, object]:
    positive = part["positive"].to_numpy(dtype=bool)
    area = part["area_code"].to_numpy()
    n, hits = len(part), int(positive.sum())
    edges = neighbour_edges(
        part["x"], part["y"], graph=graph, k=SPATIAL_RULE.neighbours, reach=SPATIAL_RULE.reach_um, group=area
    )
    few = hits <= n - hits
    member = positive if few else ~positive
    minority = int(member.sum())
    test = minority > RULE.homogeneous_up_to * n  # a homogeneous tumour needs no test
    joins = join_counts(
        edges, positive, permutations=permutations if test else 1, seed=seed, key=zlib.crc32(name.encode())
    )
    largest = _largest(edges, member, area)
    p = joins.p if test else np.nan
    # areas lie apart, so that a clone shows at most one group in each
    pattern = call_pattern(n, minority, few, int(largest.sum()), p, RULE)
    if pattern != Pattern.CLUSTERED:
        pattern = call_pattern(n, minority, few, int(largest.max(initial=0)), np.nan, RULE)
    return {
        "nuclei": n,
        "areas": len(np.unique(area)),
        "fraction_positive": hits / n,
        "minority_fraction": minority / n,
        "minority_positive": few,
        "components": len(component_sizes(edges, member)),
        "largest": int(largest.max(initial=0)),
        "joined": largest.sum() / minority if minority else np.nan,
        "both": joins.both,
        "mixed": joins.mixed,
        "neither": joins.neither,
        "moran": joins.moran,
        "moran_null": joins.moran_null if test else np.nan,
        "p": p,
        "pattern": pattern.name,
    }


def _largest(edges: NDArray[np.int64], member: NDArray[np.bool_], area: NDArray[np.int64]) -> NDArray[np.int64]:
    """Minority nuclei in the largest connected group of each area."""
    found: list[int] = []
    for code in np.unique(area):
        sizes = component_sizes(edges, member & (area == code))
        found.append(int(sizes[0]) if len(sizes) else 0)
    return np.array(found, dtype=np.int64)


def _pairs(frame: pd.DataFrame, *columns: str) -> list[tuple[object, ...]]:
    return list(frame[list(columns)].itertuples(index=False, name=None))


def _by_group(baseline: pd.DataFrame, groups: GroupAssignment | None) -> pd.DataFrame:
    labels = () if groups is None else groups.labels
    group = pd.Series(dtype="string") if groups is None else group_of(groups)
    own = baseline["patient"].map(group) if len(group) else pd.Series(pd.NA, index=baseline.index)
    rows: list[dict[str, object]] = []
    for pattern in Pattern:
        here = (baseline["pattern"] == pattern.name).to_numpy(dtype=bool)
        if here.any():
            row: dict[str, object] = {"pattern": pattern.name.lower()}
            row |= {label: int((here & (own == label).fillna(False).to_numpy(dtype=bool)).sum()) for label in labels}
            rows.append(row | {"all": int(here.sum())})
    return pd.DataFrame(rows, columns=pd.Index(["pattern", *labels, "all"])).astype({"pattern": "string"})


def _shown(fewer: pd.DataFrame) -> pd.DataFrame:
    """Tumours with an amplified minority for the maps: of each pattern those with most nuclei, baseline first."""
    parts: list[pd.DataFrame] = []
    for pattern in MAPPED:
        rows = fewer[(fewer["pattern"] == pattern.name).to_numpy(dtype=bool)]
        rows = rows.sort_values(["phase", "nuclei", "patient"], ascending=[True, False, True])
        parts.append(rows.drop_duplicates("patient").head(PER_PATTERN))
    return pd.concat(parts)[["patient", "phase", "pattern"]].reset_index(drop=True)


def _mapped(nuclei: pd.DataFrame, shown: pd.DataFrame) -> pd.DataFrame:
    """The nuclei of the tumours on the maps, in their first areas."""
    parts: list[pd.DataFrame] = []
    for patient, phase in _pairs(shown, "patient", "phase"):
        own = nuclei[(nuclei["patient"] == patient) & (nuclei["phase"] == phase)]
        own = own[own["sample"] == own["sample"].iloc[0]]
        kept = own["area"].drop_duplicates().head(AREAS)
        parts.append(own[own["area"].isin(kept)])
    columns = ["patient", "sample", "area", "x", "y", "positive"]
    frame = pd.concat(parts)[columns] if parts else pd.DataFrame([], columns=pd.Index(columns))
    return frame.reset_index(drop=True).astype(dict.fromkeys(columns[:3], "string") | {"positive": "boolean"})


def _notes(patients: pd.DataFrame, lost: int, total: int) -> tuple[Note, ...]:
    notes = [Note("note", "A rule that was not validated", SPATIAL_RULE.text)]
    baseline = patients[patients["phase"] == "baseline"]
    many = int((~baseline["minority_positive"].to_numpy(dtype=bool)).sum())
    if many:
        text = (
            f"In {many} of {len(baseline)} baseline tumours amplified nuclei are the majority; what is rare there are"
        )
        text = f"{text} nuclei that were not counted as amplified, cut ones among them. The table counts the others."
        notes.append(Note("note", "Which nuclei are the minority", text))
    if lost:
        text = f"{lost:,} of {total:,} nuclei have no position or cannot be judged without CEP17, and were left out."
        notes.append(Note("note", "Nuclei left out", text))
    return tuple(notes)
