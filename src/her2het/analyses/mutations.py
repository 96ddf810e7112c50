"""Mutations: residues, how often, with what they go, and in which samples of a tumour they are seen."""

from dataclasses import replace

import pandas as pd

from her2het.analyses.mutation_calls import codon, named_mutations, patient_flags, texts
from her2het.analyses.parts import excluded, group_of
from her2het.analyses.scores import RECEPTOR, receptor
from her2het.plan import analysis
from her2het.results.cohort import GroupAssignment
from her2het.results.mutations import Mutations
from her2het.schema import NotApplicable, Note
from her2het.stats.changes import mcnemar_of_counts
from her2het.stats.estimate import Estimate
from her2het.stats.families import with_q
from her2het.stats.tables import association, compare_shares, share_of_counts
from her2het.stats.units import PerPatient
from her2het.tables import Features, Patients

ANY = "any"
PHASES = {"baseline": "before treatment", "followup": "after treatment"}
CLASSES = {"pCR": ("pCR", "no pCR"), "hormone receptor": RECEPTOR, "HET": ("HET", "non-HET")}
COLUMNS = {"pCR": "pcr", "hormone receptor": "hr", "HET": "het", "group": "group"}


@analysis(section="Mechanisms")
def mutations(groups: GroupAssignment, patients: Patients, features: Features | None) -> Mutations:
    """Which tumours carry mutations, and do mutations go with response, receptors, heterogeneity or time?

    Columns `<gene>_mutated` (yes, no; empty: could not be evaluated) of the patients or of their rows of the features;
    a text column `mutation` names residues (PIK3CA H1047R), in rows of samples also what each sample shows. Shares of
    the patients that could be evaluated, exact (Clopper-Pearson) intervals. By pCR, hormone receptor and HET at
    baseline: difference of shares with Newcombe's interval, Fisher's exact test; over the groups Fisher's test of the
    whole table. Before against after treatment in the same patients: McNemar's exact test. Benjamini-Hochberg over all
    comparisons. A mutation that the reads of a sample do not show may have been missed: coverage differs
    (doi:10.1172/JCI176454).
    """
    flags = patient_flags(patients, features)
    genes = tuple(str(g) for g in flags.columns if flags[g].notna().any())
    if not genes:
        raise NotApplicable("neither patients nor features have a column <gene>_mutated")
    flags = flags[list(genes)]
    evaluable = flags.dropna(how="all").index
    calls = _calls(flags, texts(features, "patient"), groups, patients)
    by_sample = _by_sample(texts(features, "sample"), groups, genes)
    counted = _comparisons(calls, genes, groups)
    changed = _changes(by_sample, genes)
    told = with_q([*counted, *changed], family=f"{len(counted) + len(changed)} comparisons of mutations")
    lost = [
        ("patient", str(p), "mutations could not be evaluated", "<gene>_mutated")
        for p in flags.index.difference(evaluable)
    ]
    residues = _residues(calls)
    return Mutations(
        calls=calls,
        residues=residues,
        frequency=_frequency(calls, by_sample, genes, groups.labels),
        samples=by_sample,
        shares=(*_shares(calls, genes), *_hotspots(calls, residues, genes)),
        comparisons=told[: len(counted)],
        changes=told[len(counted) :],
        genes=genes,
        labels=groups.labels,
        control=groups.control,
        excluded=excluded(lost),
        notes=_notes(by_sample),
    )


def _calls(flags: pd.DataFrame, named: pd.Series, groups: GroupAssignment, patients: pd.DataFrame) -> pd.DataFrame:
    """One row per evaluable patient and gene, with what is known of the patient."""
    about = patients.set_index("patient")
    het = groups.patients.set_index("patient")["het"].astype("boolean")
    hr = receptor(about)
    rows: list[tuple[object, ...]] = []
    for patient, found in flags.dropna(how="all").iterrows():
        told = named_mutations(named.get(patient, pd.NA))
        for gene, mutated in found.dropna().items():
            residues = ", ".join(r for g, r in told if g == gene) if mutated else ""
            rows.append((patient, gene, bool(mutated), residues))
    table = pd.DataFrame(rows, columns=pd.Index(["patient", "gene", "mutated", "residues"]))
    table["group"] = table["patient"].map(group_of(groups))
    table["het"] = table["patient"].map(het.map({True: "HET", False: "non-HET"}))
    table["hr"] = table["patient"].map(hr) if hr is not None else pd.NA
    pcr = about["pcr"].map({True: "pCR", False: "no pCR"}) if "pcr" in about.columns else None
    table["pcr"] = table["patient"].map(pcr) if pcr is not None else pd.NA
    return table.astype(dict.fromkeys(["patient", "gene", "residues", "group", "het", "hr", "pcr"], "string"))


def _of(calls: pd.DataFrame, gene: str) -> pd.DataFrame:
    """One row per patient: mutated in that gene, or in any."""
    if gene != ANY:
        return calls[calls["gene"] == gene].set_index("patient")
    first = calls.drop_duplicates("patient").set_index("patient")
    return first.assign(mutated=calls.groupby("patient")["mutated"].any().reindex(first.index))


def _each(genes: tuple[str, ...]) -> tuple[str, ...]:
    return (*genes, ANY) if len(genes) > 1 else genes


def _words(gene: str) -> str:
    return "mutation of any of these genes" if gene == ANY else f"{gene} mutation"


def _shares(calls: pd.DataFrame, genes: tuple[str, ...]) -> list[Estimate]:
    found: list[Estimate] = []
    for gene in _each(genes):
        flags = _of(calls, gene)["mutated"]
        told = share_of_counts((int(flags.sum()), len(flags)), contrast=f"share with {_words(gene)}")
        found.append(replace(told, quantity=gene))
    return found


def _hotspots(calls: pd.DataFrame, residues: pd.DataFrame, genes: tuple[str, ...]) -> list[Estimate]:
    """The share of the mutated tumours of a gene that have the commonest codon."""
    found: list[Estimate] = []
    for gene in genes:
        rows = residues[residues["gene"] == gene]
        n = int(_of(calls, gene)["mutated"].sum())
        if len(rows) and n:
            counts = rows.groupby("codon", sort=False)["patients"].sum()
            name, hits = str(counts.idxmax()), int(counts.max())
            told = share_of_counts((min(hits, n), n), contrast=f"share of {gene} mutations at {name}")
            found.append(replace(told, quantity=gene))
    return found


def _residues(calls: pd.DataFrame) -> pd.DataFrame:
    rows = [
        (gene, residue, codon(residue))
        for gene, told in calls[["gene", "residues"]].itertuples(index=False)
        for residue in str(told).split(", ")
        if residue
    ]
    table = pd.DataFrame(rows, columns=pd.Index(["gene", "residue", "codon"])).astype("string")
    counts = table.groupby(["gene", "residue", "codon"], sort=False).size().reset_index(name="patients")
    return counts.sort_values(["gene", "patients", "residue"], ascending=[False, False, True]).reset_index(drop=True)


def _comparisons(calls: pd.DataFrame, genes: tuple[str, ...], groups: GroupAssignment) -> list[Estimate]:
    found: list[Estimate] = []
    for gene in _each(genes):
        table = _of(calls, gene)
        flags = PerPatient(table["mutated"].astype(float), gene)
        for variable, (one, other) in CLASSES.items():
            label = table[COLUMNS[variable]].dropna()
            if {one, other} <= set(label):
                told = compare_shares(flags, label, one, other, contrast=f"{_words(gene)}, {one} − {other}")
                found.append(replace(told, quantity=gene, groups=(one, other)))
        label = table["group"].dropna()
        present = tuple(g for g in groups.labels if (label == g).any())
        if len(present) > 2:
            told = association(flags, label, present, contrast=f"{_words(gene)} by group")
            found.append(replace(told, quantity=gene, groups=present))
    return found


def _by_sample(named: pd.Series, groups: GroupAssignment, genes: tuple[str, ...]) -> pd.DataFrame:
    """What each sample of a phase shows."""
    about = groups.samples[groups.samples["phase"].isin(PHASES) & groups.samples["sample"].isin(named.index)]
    place = about.groupby(["patient", "phase"]).cumcount() + 1
    shown = {str(s): {g for g, _ in named_mutations(named[s])} for s in about["sample"]}
    rows = [
        (s, p, phase, int(at), gene, gene in shown[str(s)])
        for (s, p, phase), at in zip(about[["sample", "patient", "phase"]].itertuples(index=False), place, strict=True)
        for gene in genes
    ]
    table = pd.DataFrame(rows, columns=pd.Index(["sample", "patient", "phase", "place", "gene", "mutated"]))
    return table.astype({**dict.fromkeys(["sample", "patient", "phase", "gene"], "string"), "mutated": "bool"})


def _in_phase(by_sample: pd.DataFrame, gene: str, phase: str) -> pd.Series:
    """Patient -> whether any sample of the phase shows it."""
    rows = by_sample[by_sample["phase"] == phase]
    rows = rows if gene == ANY else rows[rows["gene"] == gene]
    return rows.groupby("patient")["mutated"].any()


def _changes(by_sample: pd.DataFrame, genes: tuple[str, ...]) -> list[Estimate]:
    found: list[Estimate] = []
    for gene in _each(genes):
        before, after = (_in_phase(by_sample, gene, phase) for phase in PHASES)
        both = before.index.intersection(after.index)
        if len(both) < 3:
            continue
        one, two = before[both].to_numpy(dtype=bool), after[both].to_numpy(dtype=bool)
        counts = [[int(((one == a) & (two == b)).sum()) for b in (False, True)] for a in (False, True)]
        told = mcnemar_of_counts(counts, contrast=f"{_words(gene)}, after − before")
        found.append(replace(told, quantity=gene, groups=("all",)))
    return found


def _frequency(
    calls: pd.DataFrame, by_sample: pd.DataFrame, genes: tuple[str, ...], labels: tuple[str, ...]
) -> pd.DataFrame:
    rows: list[tuple[object, ...]] = []

    def add(variable: str, level: str, gene: str, flags: pd.Series) -> None:
        if len(flags):
            told = share_of_counts((int(flags.sum()), len(flags)))
            rows.append((variable, level, gene, int(flags.sum()), len(flags), told.value, told.low, told.high))

    for gene in _each(genes):
        table = _of(calls, gene)
        add("all", "all", gene, table["mutated"])
        for variable, column in COLUMNS.items():
            for level in CLASSES.get(variable, labels):
                add(
                    variable, level, gene, table["mutated"][(table[column] == level).fillna(False).to_numpy(dtype=bool)]
                )
        for phase, words in PHASES.items():
            add("phase", words, gene, _in_phase(by_sample, gene, phase))
    names = ["variable", "level", "gene", "mutated", "n", "share", "low", "high"]
    return pd.DataFrame(rows, columns=pd.Index(names)).astype(dict.fromkeys(names[:3], "string"))


def _notes(by_sample: pd.DataFrame) -> tuple[Note, ...]:
    if by_sample.empty:
        text = "Mutations are given per patient: whether biopsies of a tumour agree, or change, is not known."
        return (Note("note", "No calls of samples", text),)
    notes = _uneven(by_sample)
    two = by_sample[by_sample["phase"] == "baseline"].groupby(["patient", "gene"])["mutated"].agg(["sum", "size"])
    pairs = two[(two["size"] > 1) & (two["sum"] > 0)]
    if pairs.empty:
        return notes
    split = int((pairs["sum"] < pairs["size"]).sum())
    text = (
        f"Of {len(pairs)} mutations in tumours with several baseline biopsies, {split} are not seen in all of them; "
        "that can be the tumour, or reads too few to show it."
    )
    return (*notes, Note("note", "Biopsies of one tumour", text))


def _uneven(by_sample: pd.DataFrame) -> tuple[Note, ...]:
    """A tumour is mutated where any of its samples is: more samples before than after find more before."""
    sizes = by_sample.pivot_table(index="patient", columns="phase", values="sample", aggfunc="nunique", fill_value=0)
    if not set(PHASES) <= set(sizes.columns):
        return ()
    both = sizes[(sizes["baseline"] > 0) & (sizes["followup"] > 0)]
    more = int((both["baseline"] > both["followup"]).sum())
    if not more:
        return ()
    text = (
        f"In {more} of {len(both)} tumours more samples were read before than after treatment, and a mutation that is "
        "in any of them counts. By that alone more are seen before."
    )
    return (Note("caution", "More samples before than after", text),)
