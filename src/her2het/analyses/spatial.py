"""How amplified nuclei lie among the others: in clusters, intermingled or scattered."""

import zlib
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from her2het.analyses.nuclei import placed_nuclei
from her2het.analyses.parts import excluded, group_of
from her2het.kernels.spatial import Pattern, PatternRule
from her2het.kernels.spatial import spatial_pattern as pattern_of
from her2het.plan import analysis
from her2het.reference.het_profiles import BY_NAME, CellCutoffs, HetProfile
from her2het.reference.spatial_rule import SPATIAL_RULE
from her2het.results.cohort import GroupAssignment
from her2het.results.her2 import HetProfiles, SpatialPatterns
from her2het.schema import Design, NotApplicable, Note
from her2het.stats.families import adjusted
from her2het.tables import FishNuclei, Samples

RULE = PatternRule(*SPATIAL_RULE.bounds)
HALF = 0.5
"""Probability of being truly amplified from which a nucleus counts as such."""
MAPPED = (Pattern.CLUSTERED, Pattern.MOSAIC, Pattern.SCATTERED)
PER_PATTERN = 2
"""Tumours of each pattern on the maps."""
AREAS = 3
"""Areas of each on the maps."""
Graph = Literal["knn", "delaunay"]
Amplified = Literal["beyond_cut_nuclei", "as_counted"]


@analysis(section="HER2 status and heterogeneity")
def spatial_pattern(
    fish_nuclei: FishNuclei,
    samples: Samples,
    het: HetProfiles,
    groups: GroupAssignment | None,
    design: Design,
    *,
    amplified: Annotated[
        Amplified, Field(description="Amplified nuclei: beyond what cut nuclei explain, or as they were counted.")
    ] = "beyond_cut_nuclei",
    graph: Annotated[
        Graph, Field(description="Neighbours: the nearest nuclei, or edges of the Delaunay triangulation up to 50 um.")
    ] = "knn",
    permutations: Annotated[int, Field(ge=99, description="Draws of labels for the test of Moran's I.")] = 999,
    seed: Annotated[int, Field(ge=0, description="Seed of the draws.")] = 1,
) -> SpatialPatterns:
    """Do amplified nuclei lie in clusters, intermingled with the others, or scattered among them?

    A nucleus counts as amplified where it more probably is than not, given its signals and the mixture of true
    genotypes behind the cut nuclei of its tumour (see the definitions of HET), or as the literal rule has it.
    Neighbours are the six nearest nuclei of the same area. The minority is whichever kind is rarer; its connected
    groups are counted, and Moran's I asks whether amplified nuclei are neighbours more often than labels at random
    over all nuclei (permutation test, one-sided; Benjamini-Hochberg over the tumours of a phase). Rule: at most 5 %
    minority: homogeneous; I significant at 0.05 and at least half of the minority in the largest group of its area:
    clustered; an amplified minority below 30 % without a group of 10 nuclei: scattered; otherwise mosaic. The terms
    are published (doi:10.1038/s41374-018-0172-y); the numbers of the rule are a proposal and were not validated on
    tissue.
    """
    if not {"x", "y"} <= set(fish_nuclei.columns):
        raise NotApplicable("fish_nuclei has no positions (x, y)")
    placed = placed_nuclei(fish_nuclei, samples, design)
    known = placed.dropna(subset=["x", "y"]).reset_index(drop=True)
    if known.empty:
        raise NotApplicable("no nucleus before or after treatment has a position")
    cell = BY_NAME[HetProfile.LI2024].cell
    called, scored = _amplified(known, cell, het.pairs if amplified == "beyond_cut_nuclei" else None)
    known = known.assign(positive=called)[scored].reset_index(drop=True)
    settings = {"graph": graph, "permutations": permutations, "seed": seed}
    if known.empty:
        raise NotApplicable("no nucleus with a position can be said to be amplified or not")
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


def _amplified(
    nuclei: pd.DataFrame, cell: CellCutoffs, pairs: pd.DataFrame | None
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which nuclei are amplified, and which can be judged; nuclei without CEP17 by their copies."""
    h, c = nuclei["erbb2"].to_numpy(dtype=np.int64), nuclei["cep17"].to_numpy(dtype=np.int64)
    copies = np.where(c > 0, h >= cell.min_copies, h >= cell.min_copies_without_cep17)
    if pairs is None:
        ratio = (c > 0) & (cell.ratio_den * h - cell.ratio_num * c >= cell.ratio_margin)
        return ratio | copies, (c > 0) | copies
    keys = ["patient", "phase", "erbb2", "cep17"]
    given = nuclei[keys].astype({"patient": "string", "phase": "string"})
    joined = given.merge(pairs[[*keys, "p_amplified"]], on=keys, how="left")
    chance = joined["p_amplified"].to_numpy(dtype=float)
    known = np.isfinite(chance)
    return np.where(known, chance >= HALF, copies), known | copies


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
    found = pattern_of(
        part["x"],
        part["y"],
        part["positive"].to_numpy(dtype=bool),
        rule=RULE,
        graph=graph,
        k=SPATIAL_RULE.neighbours,
        reach=SPATIAL_RULE.reach_um,
        group=part["area_code"],
        permutations=permutations,
        seed=seed,
        key=zlib.crc32(name.encode()),
    )
    joins = found.joins
    return {
        "nuclei": found.cells,
        "areas": part["area_code"].nunique(),
        "fraction_positive": found.fraction_positive,
        "minority_fraction": found.minority_fraction,
        "minority_positive": found.minority_positive,
        "components": found.components,
        "largest": found.largest_component,
        "joined": found.connected_share,
        "both": joins.both,
        "mixed": joins.mixed,
        "neither": joins.neither,
        "moran": joins.moran,
        "moran_null": joins.moran_null,
        "p": joins.p,
        "pattern": found.pattern.name,
    }


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
        text = f"In {many} of {len(baseline)} baseline tumours amplified nuclei are the majority; the rare kind is then"
        text = f"{text} the other one. Table and maps show the tumours in which amplified nuclei are the fewer."
        notes.append(Note("note", "Which nuclei are the minority", text))
    if lost:
        text = f"{lost:,} of {total:,} nuclei have no position or cannot be judged without CEP17, and were left out."
        notes.append(Note("note", "Nuclei left out", text))
    return tuple(notes)
