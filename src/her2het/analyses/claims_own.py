"""What a published claim asks that no other analysis answers: what is known goes in, an Estimate comes out."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import pandas as pd
from scipy.stats import binomtest

from her2het.analyses.parts import find_gene, gene_by_patient, group_of, samples_at
from her2het.kernels.superiority import superiority
from her2het.kernels.tails import normal_interval, normal_p
from her2het.reference.claims import HET, NON_HET, PCR, RATIO_SPLIT, SHARES, Part
from her2het.results.change import HeterogeneityChange, StatusChange, TreatmentDistance
from her2het.results.cohort import GroupAssignment
from her2het.results.expression import Expression
from her2het.results.fish import FishHeterogeneity
from her2het.results.genes import BaselineGenes
from her2het.results.scores import GeneSetScores, ImmuneScores, ScoreStudy, Subtypes
from her2het.schema import Matrix, NotApplicable
from her2het.stats.changes import mcnemar_of_counts
from her2het.stats.correlation import spearman
from her2het.stats.estimate import Estimate
from her2het.stats.rank_tests import rank_sum, signed_rank
from her2het.stats.tables import compare_shares, share_of_counts
from her2het.stats.units import PerPatient, PerSample

FEWEST = 5  # pairs below which a signed-rank test cannot reach 5 %
SCORES = ("0", "1+", "2+", "3+")
CLINIC = {"pcr": "pCR", "hr": "hormone receptor", "het": "HET"}


@dataclass(frozen=True, eq=False)
class Known:
    """Everything that claims may ask of; what a study lacks is None. `roles`: the paper's role -> the study's group."""

    groups: GroupAssignment
    patients: pd.DataFrame
    roles: Mapping[str, str]
    expression: Expression | None = None
    sets: GeneSetScores | None = None
    fish: FishHeterogeneity | None = None
    ihc: pd.DataFrame | None = None
    features: pd.DataFrame | None = None
    subtypes: Subtypes | None = None
    immune: ImmuneScores | None = None
    status: StatusChange | None = None
    heterogeneity: HeterogeneityChange | None = None
    distance: TreatmentDistance | None = None
    genes: BaselineGenes | None = None

    def het(self) -> pd.Series:
        """HET, non-HET at baseline of each patient for whom it is known."""
        het = self.groups.patients.dropna(subset=["het"]).set_index("patient")["het"].astype(bool)
        return het.map({True: "HET", False: "non-HET"})

    def group(self, role: str) -> str:
        """The study's group in that role. :raises NotApplicable: where it has none"""
        if role not in self.roles:
            raise NotApplicable(f"no group of the study is {role}")
        return self.roles[role]


def roles_of(groups: GroupAssignment, patients: pd.DataFrame) -> dict[str, str]:
    """Which groups are pCR, non-HET without pCR, and HET without pCR: by their patients, not by their names."""
    label = group_of(groups)
    if "pcr" not in patients.columns:
        return {}
    pcr = patients.set_index("patient")["pcr"].astype("boolean")
    het = groups.patients.set_index("patient")["het"].astype("boolean")
    found: dict[str, str] = {}
    for name in groups.labels:
        who = label.index[label == name]
        response, status = set(pcr.reindex(who).dropna()), set(het.reindex(who).dropna())
        if response == {True}:
            found.setdefault(PCR, name)
        elif response == {False} and len(status) == 1:
            found.setdefault(HET if True in status else NON_HET, name)
    return found


def of_row(known: Known, part: Part) -> Estimate:
    """A gene's mRNA or a gene set's score: between two roles at baseline, or after against before treatment."""
    matrix, row, shown = _row(known, part)
    before = _mean(matrix, row, known.groups, "baseline", shown)
    if "change" not in part.kind:
        first, second = (known.group(role) for role in part.groups)
        label = group_of(known.groups)
        _need(label, before, first, second)
        return replace(rank_sum(before, label, first, second), quantity=shown, groups=(first, second))
    after = _mean(matrix, row, known.groups, "followup", shown)
    both = before.known().index.intersection(after.known().index)
    where = part.groups[0]
    if where != "all":
        both = both[known.het().reindex(both) == where]
    if len(both) < FEWEST:
        raise NotApplicable(f"{len(both)} pairs ({where})")
    told = signed_rank(after.pick(both), before.pick(both), contrast=f"{shown}, after − before, {where}")
    return replace(told, quantity=shown, groups=(where,))


def change_difference(part: Part, study: ScoreStudy | None) -> Estimate:
    """By how much more a score changes under treatment in HET than in non-HET tumours."""
    if study is None or study.pairs.empty:
        raise NotApplicable("no pairs before and after treatment")
    pairs = study.pairs[study.pairs["score"] == part.quantity].set_index("patient")
    status = pairs["het_before"].dropna()
    counts = status.value_counts()
    if min(int(counts.get(g, 0)) for g in part.groups) < 3:
        raise NotApplicable("fewer than 3 pairs in one of the two")
    change = PerPatient((pairs["after"] - pairs["before"]).astype("float64"), part.quantity, study.unit)
    told = rank_sum(change, status, *part.groups, contrast=f"{part.quantity}, change in HET − change in non-HET")
    return replace(told, quantity=part.quantity, groups=part.groups)


def _row(known: Known, part: Part) -> tuple[Matrix, str, str]:
    if part.kind.startswith("gene"):
        if known.expression is None:
            raise NotApplicable("no RNA")
        row = find_gene(known.expression.log_cpm.rows, part.quantity)
        if row is None:
            raise NotApplicable(f"{part.quantity} is not among the genes")
        return known.expression.log_cpm, row, part.quantity
    if known.sets is None:
        raise NotApplicable("no gene set scores")
    names = known.sets.sets.set_index("set")["shown"]
    if part.quantity not in names.index:
        raise NotApplicable(f"{part.quantity} is not among the gene sets")
    return known.sets.scores, part.quantity, str(names[part.quantity])


def _mean(matrix: Matrix, row: str, groups: GroupAssignment, phase: str, name: str) -> PerPatient:
    samples = samples_at(groups, phase, matrix.columns)
    if samples.empty:
        raise NotApplicable(f"no samples ({phase})")
    return PerPatient(gene_by_patient(matrix, row, samples, "").values, name)


def _need(label: pd.Series, values: PerPatient, *wanted: str) -> None:
    have = label.reindex(values.known().index).value_counts()
    for name in wanted:
        if int(have.get(name, 0)) < 3:
            raise NotApplicable(f"{int(have.get(name, 0))} patients {name} with a value")


def _pcr_by_het(known: Known) -> Estimate:
    if "pcr" not in known.patients.columns:
        raise NotApplicable("pCR is not known")
    flags = known.patients.set_index("patient")["pcr"].astype("boolean").dropna().astype("float64")
    status = known.het()
    if not {"HET", "non-HET"} <= set(status.reindex(flags.index).dropna()):
        raise NotApplicable("all tumours are HET, or none is")
    return compare_shares(PerPatient(flags, "pCR"), status, "HET", "non-HET", contrast="pCR rate, HET − non-HET")


def _more_genes(known: Known) -> Estimate:
    if known.genes is None:
        raise NotApplicable("no differential expression")
    table = known.genes.counts.set_index("contrast")
    both = table["higher"] + table["lower"]
    absent = [known.group(r) for r in (HET, NON_HET) if known.group(r) not in both.index]
    if absent:
        raise NotApplicable(f"no differential expression of {' and '.join(absent)}: too few patients")
    counts = [int(both[known.group(r)]) for r in (HET, NON_HET)]
    raise NotApplicable(
        f"{counts[0]} genes differ between HET and pCR, {counts[1]} between non-HET and pCR; the groups differ in size "
        "and genes are no independent units, so this is a description, not a test"
    )


def _enriched(known: Known) -> Estimate:
    if known.subtypes is None:
        raise NotApplicable("no subtypes")
    counts = known.subtypes.counts
    if "receptor" in counts.columns:
        counts = counts[counts["receptor"] == "all"]
    mine = counts[counts["group"] == known.group(NON_HET)]
    hits, n = int(mine.loc[mine["subtype"] == "Her2", "patients"].sum()), int(mine["patients"].sum())
    return _against(hits, n, 0.5, "HER2-enriched share, non-HET without pCR, against one half")


def _against(hits: int, n: int, share: float, contrast: str) -> Estimate:
    """A share less a stated one, in points, with Clopper and Pearson's interval and the exact binomial test."""
    if not n:
        raise NotApplicable("no patients")
    told = share_of_counts((hits, n), contrast=contrast)
    away = [v - 100 * share for v in (told.value, told.low, told.high)]
    return replace(
        told,
        effect=f"share less {100 * share:g} %",
        unit="points",
        value=away[0],
        low=away[1],
        high=away[2],
        standard=away[0] / 100,
        standard_low=away[1] / 100,
        standard_high=away[2] / 100,
        p=float(binomtest(hits, n, share).pvalue),
        method="Clopper-Pearson; binomial, exact",
    )


def _ihc_falls(known: Known) -> Estimate:
    if known.status is None:
        raise NotApplicable("no IHC before and after treatment")
    pairs = known.status.pairs[known.status.pairs["what"] == "HER2 IHC"]
    if pairs.empty:
        raise NotApplicable("no IHC before and after treatment")
    up, same, down = (int((pairs["change"] == word).sum()) for word in ("up", "same", "down"))
    told = mcnemar_of_counts([[0, up], [down, same]], contrast=f"IHC rises − falls: {up} and {down} of {len(pairs)}")
    return replace(told, effect="share that rises less share that falls", quantity="HER2 IHC")


def _pairs_of(known: Known, quantity: str) -> pd.DataFrame:
    if known.heterogeneity is None:
        raise NotApplicable("no FISH before and after treatment")
    return known.heterogeneity.pairs[known.heterogeneity.pairs["quantity"] == quantity].set_index("patient")


def _those_that_turn(known: Known) -> Estimate:
    pairs = _pairs_of(known, "Equitability")
    mine = pairs[pairs["shift"] == "to HET"]
    if len(mine) < FEWEST:
        fall = int((mine["after"] < mine["before"]).sum())
        raise NotApplicable(f"{len(mine)} tumours turn HET (equitability falls in {fall}): too few for a test")
    before, after = (PerPatient(mine[c], "Equitability") for c in ("before", "after"))
    return signed_rank(after, before, contrast="Equitability, after − before, tumours that turn HET")


def _after(quantity: str) -> Callable[[Known], Estimate]:
    def compare(known: Known) -> Estimate:
        pairs = _pairs_of(known, quantity)
        values, status = PerPatient(pairs["after"], f"{quantity} after treatment"), pairs["het_before"]
        _need(status, values, "HET", "non-HET")
        return rank_sum(values, status, "HET", "non-HET")

    return compare


def _by_ratio(phase: str) -> Callable[[Known], Estimate]:
    def compare(known: Known) -> Estimate:
        if known.fish is None:
            raise NotApplicable("no FISH")
        table = known.fish.patients[known.fish.patients["phase"] == phase].set_index("patient")
        names = (f"ratio ≥ {RATIO_SPLIT}", f"ratio < {RATIO_SPLIT}")
        status = (table["ratio"].dropna() >= RATIO_SPLIT).map({True: names[0], False: names[1]})
        values = PerPatient(table["equitability"], f"Equitability, {phase}")
        _need(status, values, *names)
        return rank_sum(values, status, *names)

    return compare


def _distance(known: Known) -> pd.DataFrame:
    if known.distance is None:
        raise NotApplicable("no RNA before and after treatment")
    return known.distance.patients.set_index("patient")


def _distance_by_ihc(known: Known) -> Estimate:
    table = _distance(known)
    if known.ihc is None or "score" not in known.ihc.columns:
        raise NotApplicable("no IHC")
    stained = samples_at(known.groups, "baseline", known.ihc["sample"])
    number = known.ihc.set_index("sample")["score"].astype("string").map({s: float(i) for i, s in enumerate(SCORES)})
    score = PerSample(number.astype("float64"), "IHC").pick(stained["sample"])
    highest = score.per_patient(stained.set_index("sample")["patient"], "max").known()
    status = (highest == len(SCORES) - 1).map({True: "IHC 3+", False: "below 3+"})
    values = PerPatient(table["distance"], "Transcriptomic distance")
    _need(status, values, "IHC 3+", "below 3+")
    return rank_sum(values, status, "IHC 3+", "below 3+")


def _distance_and_fraction(part: str) -> Callable[[Known], Estimate]:
    def correlate(known: Known) -> Estimate:
        table = _distance(known)
        if "fraction" not in table.columns:
            raise NotApplicable("no FISH")
        rows = table[(table["het_before"] == part) & table["fraction"].notna()]
        if len(rows) < FEWEST:
            raise NotApplicable(f"{len(rows)} tumours with both ({part})")
        x, y = PerPatient(rows["fraction"], "Amplified fraction"), PerPatient(rows["distance"], "distance")
        return spearman(x, y, contrast=f"Amplified fraction, distance, {part}")

    return correlate


def _flag(known: Known, names: tuple[str, ...]) -> pd.Series:
    """Whether any of these flags holds, per patient; missing where none is known."""
    frames = [known.patients.set_index("patient")]
    if known.features is not None and "patient" in known.features.columns:
        rows = known.features.dropna(subset=["patient"])
        frames.append(rows.set_index("patient"))
    found = [f[n].astype("boolean") for f in frames for n in names if n in f.columns and f[n].dtype == "boolean"]
    if not found:
        raise NotApplicable("no mutations among the features")
    table = pd.concat([f[~f.index.duplicated()] for f in found], axis=1)
    return table.any(axis=1, skipna=True).astype("boolean").mask(table.isna().all(axis=1)).dropna()


def share(known: Known, name: str) -> Estimate:
    """The share of patients with a mutation less the published one."""
    flag = _flag(known, (name,))
    hits, n = SHARES[name]
    contrast = f"{name.partition('_')[0].upper()} mutated, share less the published one"
    return _against(int(flag.sum()), len(flag), hits / n, contrast)


def _mutated_by(column: str) -> Callable[[Known], Estimate]:
    def compare(known: Known) -> Estimate:
        flag = _flag(known, ("pik3ca_mutated", "erbb2_mutated")).astype("float64")
        if column == "het":
            by = known.het()
            names = ("HET", "non-HET")
        else:
            if column not in known.patients.columns:
                raise NotApplicable(f"{CLINIC[column]} is not known")
            names = (f"{CLINIC[column]} yes", f"{CLINIC[column]} no")
            by = known.patients.set_index("patient")[column].dropna().map({True: names[0], False: names[1]})
        values = PerPatient(flag, "PIK3CA/ERBB2 mutated")
        _need(by, values, *names)
        return compare_shares(values, by, *names, contrast=f"mutated, {names[0]} − {names[1]}")

    return compare


def _immune_by_receptor(known: Known) -> Estimate:
    """Whether the difference between groups differs by receptor: difference of two rank-biserial correlations."""
    if known.immune is None or "hr" not in known.patients.columns:
        raise NotApplicable("no immune score, or hormone receptor not known")
    rows = known.immune.values[known.immune.values["score"] == "Immune score"].set_index("patient")
    hr = known.patients.set_index("patient")["hr"].reindex(rows.index)
    first, second = known.group(NON_HET), known.group(PCR)
    parts = []
    for flag in (True, False):
        here = rows[(hr == flag).to_numpy(dtype=bool, na_value=False)]
        x, y = (here[here["group"] == g]["value"].to_numpy(dtype=float) for g in (first, second))
        if min(len(x), len(y)) < 3:
            raise NotApplicable("fewer than 3 patients of a group with one receptor status")
        parts.append(superiority(x, y))
    value = 2 * (parts[0].value - parts[1].value)
    error = 2 * math.sqrt(parts[0].variance + parts[1].variance)
    low, high = normal_interval(value, error, 0.95)
    return Estimate(
        contrast=f"Immune score, {first} − {second}: HR+ less HR−",
        effect="difference of rank-biserial correlations",
        unit="",
        value=value,
        low=low,
        high=high,
        n=(sum(parts[0].n), sum(parts[1].n)),
        method="normal, of two probabilities of superiority",
        p=normal_p(value, error),
        standard=value / 2,
        standard_low=low / 2,
        standard_high=high / 2,
        quantity="Immune score",
        groups=("HR+", "HR−"),
    )


OWN: Mapping[str, Callable[[Known], Estimate]] = {
    "pCR by HET": _pcr_by_het,
    "more genes in HET": _more_genes,
    "non-HET HER2-enriched": _enriched,
    "IHC falls": _ihc_falls,
    "equitability of those that turn HET": _those_that_turn,
    "fraction after": _after("Amplified fraction"),
    "ratio after": _after("ERBB2/CEP17 ratio"),
    "equitability by ratio before": _by_ratio("baseline"),
    "equitability by ratio after": _by_ratio("followup"),
    "distance by IHC": _distance_by_ihc,
    "distance and fraction, non-HET": _distance_and_fraction("non-HET"),
    "distance and fraction, HET": _distance_and_fraction("HET"),
    "mutated by pcr": _mutated_by("pcr"),
    "mutated by hr": _mutated_by("hr"),
    "mutated by het": _mutated_by("het"),
    "immune difference by receptor": _immune_by_receptor,
}
