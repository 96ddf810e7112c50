"""RNA of the synthetic trial: aberrant libraries are found, planted differences are there, and a null has none."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from her2het.kernels.tmm import tmm_factors
from her2het.reference.tables import estimate_signatures, gene_annotation, pam50_centroids
from her2het.schema import Matrix
from her2het.simulate import SyntheticTrial

GROUPS = ("pCR", "non-HET/no pCR", "HET/no pCR")


def log_cpm(counts: np.ndarray) -> np.ndarray:
    return np.log2(counts / tmm_factors(counts).effective_lib * 1e6 + 1)


def components(counts: np.ndarray, k: int = 5) -> np.ndarray:
    """Scores on the first components of centred log2(TMM-CPM + 1) of genes with any count."""
    x = log_cpm(counts)[counts.any(axis=1)]
    x -= x.mean(axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(x.T @ x)
    first = np.argsort(values)[::-1][:k]
    return vectors[:, first] * np.sqrt(values[first])


def check_outliers(trial: SyntheticTrial) -> None:
    name = np.array(trial.rna_counts.columns)
    score = components(trial.rna_counts.values)
    planted = set(trial.truth["outliers"]["sample"])
    second = score[:, 1]
    literal = np.abs(second - second.mean()) > 5 * second.std(ddof=1)
    assert set(name[literal]) == planted
    centre = np.median(score, axis=0)
    robust = np.abs(score - centre) > 5 * 1.4826 * np.median(np.abs(score - centre), axis=0)
    assert set(name[robust.any(axis=1)]) == planted


def test_the_rule_of_the_paper_finds_the_aberrant_libraries(trial: SyntheticTrial) -> None:
    check_outliers(trial)


def test_it_does_so_with_few_genes_and_without_effects(small_trial: SyntheticTrial) -> None:
    check_outliers(small_trial)


def test_aberrant_libraries_hold_much_noncoding_rna(trial: SyntheticTrial) -> None:
    coding = trial.truth["genes"]["protein_coding"].to_numpy()
    share = trial.rna_counts.values[coding].sum(axis=0) / trial.rna_counts.values.sum(axis=0)
    odd = np.isin(trial.rna_counts.columns, list(trial.truth["outliers"]["sample"]))
    assert share[odd].max() < share[~odd].min()
    assert np.median(share[~odd]) > 0.94


class Cohort:
    """Regular libraries on the log scale, with means per patient."""

    def __init__(self, trial: SyntheticTrial) -> None:
        odd = set(trial.truth["outliers"]["sample"])
        kept = [s for s in trial.rna_counts.columns if s not in odd]
        matrix = trial.rna_counts.pick(kept)
        samples = trial.samples.set_index("sample").loc[kept]
        self.x = Matrix(log_cpm(matrix.values), matrix.rows, matrix.columns, "log2_cpm1").frame()
        self.after = (samples["timepoint"] == "surgery").to_numpy()
        self.patient = samples["patient"].to_numpy(dtype=object)
        truth = trial.truth["patients"].set_index("patient")
        self.group = truth["group"]
        self.truth = truth
        before = self.x.loc[:, ~self.after].T
        self.before = before.groupby(self.patient[~self.after]).mean().reindex(list(self.group.index))

    def at_baseline(self, gene: str, group: str) -> np.ndarray:
        return self.before.loc[(self.group == group).to_numpy(), gene].to_numpy()

    def change(self, het: bool) -> pd.DataFrame:
        """Residual tumour minus baseline, patients x genes."""
        later = self.x.loc[:, self.after].T.set_axis(self.patient[self.after])
        who = [p for p in later.index if bool(self.truth.loc[p, "het_before"]) == het]
        return later.loc[who] - self.before.loc[who]


@pytest.fixture(scope="module")
def cohort(trial: SyntheticTrial) -> Cohort:
    return Cohort(trial)


def test_erbb2_falls_from_pcr_to_het_and_with_rcb(trial: SyntheticTrial, cohort: Cohort) -> None:
    pcr, non_het, het = (cohort.at_baseline("ERBB2", g) for g in GROUPS)
    assert np.median(pcr) > np.median(non_het) + 0.4 > np.median(het) + 0.8
    assert stats.mannwhitneyu(pcr, non_het).pvalue < 0.01
    assert stats.mannwhitneyu(non_het, het).pvalue < 0.01
    rcb = trial.patients["rcb"].to_numpy()
    r = stats.pearsonr(cohort.before["ERBB2"], rcb)
    assert r.statistic < -0.35


@pytest.mark.parametrize(
    ("gene", "group", "sign"),
    [
        *((g, "HET/no pCR", -1) for g in ("GRB7", "GSDMB", "STARD3")),
        *((g, "HET/no pCR", 1) for g in ("KRT5", "KRT14", "KRT17", "MYC", "EIF4EBP1", "HAVCR2", "CD274")),
        *((g, "non-HET/no pCR", -1) for g in ("IGLC3", "IGHG1", "GRB7")),
        ("ERBB4", "non-HET/no pCR", 1),
    ],
)
def test_baseline_differences(cohort: Cohort, gene: str, group: str, sign: int) -> None:
    values, control = cohort.at_baseline(gene, group), cohort.at_baseline(gene, "pCR")
    assert sign * (values.mean() - control.mean()) > 0
    assert stats.mannwhitneyu(values, control).pvalue < 0.05


def test_expected_changes_are_what_the_truth_says(trial: SyntheticTrial, cohort: Cohort) -> None:
    truth = trial.truth["genes"].set_index("gene")
    expressed = cohort.before.mean().to_numpy() > 4
    for het, column, least in ((False, "after_vs_before_non_het", 0.95), (True, "after_vs_before_het", 0.75)):
        found = cohort.change(het).mean().to_numpy()[expressed]
        planted = truth.loc[list(cohort.x.index[expressed]), column].to_numpy()
        seen = (np.abs(planted) > 0.3) & (np.abs(planted) < 1.5)  # beyond, log2(x + 1) meets its floor
        line = stats.linregress(planted[seen], found[seen] - np.median(found))
        assert 0.85 < line.slope < 1.15
        assert line.rvalue > least


def test_erbb_genes_after_treatment(cohort: Cohort) -> None:
    non_het, het = cohort.change(False), cohort.change(True)
    for gene, sign in (("ERBB2", 1), ("ERBB3", 1), ("ERBB4", -1)):
        assert sign * non_het[gene].mean() > 0.3
        assert stats.wilcoxon(non_het[gene]).pvalue < 0.01
        assert stats.wilcoxon(het[gene]).pvalue > 0.01


def test_change_is_larger_in_non_het_and_between_biopsies_of_er_negative(trial: SyntheticTrial, cohort: Cohort) -> None:
    size = {het: np.linalg.norm(cohort.change(het), axis=1) for het in (False, True)}
    assert stats.mannwhitneyu(size[False], size[True], alternative="greater").pvalue < 0.05
    pairs = {
        p: np.linalg.norm(cohort.x.loc[:, (cohort.patient == p) & ~cohort.after].diff(axis=1).iloc[:, 1])
        for p in cohort.group.index
        if ((cohort.patient == p) & ~cohort.after).sum() == 2
    }
    assert len(pairs) == 113
    er = trial.patients.set_index("patient")["er"]
    negative = [d for p, d in pairs.items() if not er[p]]
    positive = [d for p, d in pairs.items() if er[p]]
    assert stats.mannwhitneyu(negative, positive, alternative="greater").pvalue < 0.001
    assert np.median(np.concatenate(list(size.values()))) > np.median(list(pairs.values()))


def test_rna_follows_protein(trial: SyntheticTrial, cohort: Cohort) -> None:
    ihc = trial.ihc.set_index("sample")
    use = [s for s in cohort.x.columns[~cohort.after] if s in ihc.index]
    for gene, column in (("ERBB2", "ic"), ("ESR1", "er_percent"), ("PGR", "pr_percent")):
        r = stats.pearsonr(cohort.x.loc[gene, use], ihc.loc[use, column]).statistic
        assert 0.5 < r < 0.9


def test_genes_are_real_and_the_important_ones_are_there(trial: SyntheticTrial) -> None:
    genes = set(trial.rna_counts.rows)
    assert len(genes) == 20_000
    for needed in (pam50_centroids().index, *estimate_signatures().values(), ["ERBB2", "IGHG1", "HAVCR2", "MYC"]):
        assert set(needed) <= genes
    assert len(genes - set(gene_annotation()["symbol"])) < 20
    coding = trial.truth["genes"]["protein_coding"].sum()
    assert 15_300 <= coding <= 15_700
    size = trial.rna_counts.values.sum(axis=0)
    assert size.min() > 4.5e6
    assert size.max() < 62e6


def test_null_has_no_differences(null_trial: SyntheticTrial) -> None:
    """Uniform p of rank-sum and signed-rank tests over the genes; factors are shared, so the bounds are wide."""
    cohort = Cohort(null_trial)
    expressed = cohort.x.index[(cohort.before.mean() > 2).to_numpy()]
    values, control = (cohort.before.loc[(cohort.group == g).to_numpy(), expressed].to_numpy() for g in GROUPS[1::-1])
    for p in (
        stats.mannwhitneyu(values, control).pvalue,
        stats.wilcoxon(cohort.change(False)[expressed].to_numpy()).pvalue,
    ):
        assert 0.02 < (p < 0.05).mean() < 0.11
        assert 0.40 < np.median(p) < 0.60
        assert stats.false_discovery_control(p).min() > 0.01
    assert (null_trial.truth["effects"].loc[lambda t: t["kind"] != "ratio", "size"] == 0).all()
    assert (null_trial.truth["effects"].loc[lambda t: t["kind"] == "ratio", "size"] == 1).all()
    planted = null_trial.truth["genes"].filter(like="_vs_")
    assert (planted == 0).all().all()
