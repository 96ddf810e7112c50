"""GSVA: a slow twin from the definition, properties, R's results on a small matrix and on the two cohorts."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from scipy.stats import poisson

from her2het.kernels.gsva import cohort_keys, gsva_scores

SMALL = Path(__file__).parents[1] / "oracles" / "gsva_small"
Sets = tuple[list[str], np.ndarray, np.ndarray]


def pack(sets: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([g for s in sets for g in s], dtype=int), np.cumsum([0] + [len(s) for s in sets])


def read_sets(path: Path, genes: list[str], low: int = 1, high: int = 10**9) -> Sets:
    at = {gene: i for i, gene in enumerate(genes)}
    names, sets = [], []
    for line in path.read_text().splitlines():
        name, _, *members = line.split("\t")
        found = sorted({at[m] for m in members if m in at})
        if low <= len(found) <= high:
            names.append(name)
            sets.append(found)
    return (names, *pack(sets))


def slow_cdf(x: np.ndarray, kernel: str) -> np.ndarray:
    """F of every gene and sample, one pair at a time; the normal CDF from the table that R uses."""
    genes, n = x.shape
    table = ndtr(np.arange(10_001) / 1000)
    share = np.zeros((genes, n))
    for g in range(genes):
        width = x[g].std(ddof=1) / 4
        for j in range(n):
            for k in range(n):
                if kernel == "poisson":
                    share[g, j] += poisson.cdf(x[g, j], x[g, k] + 0.5)
                    continue
                z = (x[g, j] - x[g, k]) / width
                c = table[int(min(abs(z) * 1000, 10_000))]
                share[g, j] += c if z >= 0 else 1 - c
    return share / n


def slow_gsva(x: np.ndarray, sets: list[list[int]], kernel: str = "gaussian") -> np.ndarray:
    """Hänzelmann et al. 2013, step by step."""
    share = slow_cdf(x, kernel)
    with np.errstate(divide="ignore"):
        z = np.log(share / (1 - share))
    p, n = x.shape
    out = np.empty((len(sets), n))
    for j in range(n):
        order = np.argsort(-z[:, j], kind="stable")
        weight = np.abs(p - np.arange(p) - p / 2)
        for s, members in enumerate(sets):
            hit = np.isin(order, members)
            gain = np.where(hit, weight, 0.0)
            walk = np.cumsum(gain) / (gain.sum() or 1) - np.cumsum(~hit) / (p - len(members))
            if gain.sum() == 0:  # one gene, in the middle: no share of the weight to reach, so the walk ends there
                walk = walk[: hit.argmax()]
            out[s, j] = walk.max(initial=0) + walk.min(initial=0)
    return out


def test_worked_example() -> None:
    # two samples, three genes: F is the same for all, so ties stand in row order; weights 1.5, 0.5, 0.5
    x = np.array([[0.0, 1.0], [0.0, 2.0], [5.0, 3.0]])
    members, starts = pack([[0], [2]])
    # sample 1: gene 3 is high, then genes 1, 2; sample 2: genes 1, 2, then gene 3
    assert gsva_scores(x, members, starts) == pytest.approx(np.array([[0.0, 1.0], [1.0, -1.0]]))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(5, 40), st.integers(2, 9), st.sampled_from(["gaussian", "poisson"]))
def test_equals_the_slow_twin(seed: int, genes: int, samples: int, kernel: str) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(genes, samples)) * 3 + 8
    if kernel == "poisson":  # large and all different, so that no two genes tie
        x = rng.permutation(np.arange(genes * samples)).reshape(genes, samples) + 20.0
    sets = [list(rng.choice(genes, rng.integers(1, genes), replace=False)) for _ in range(5)]
    members, starts = pack(sets)
    expected = slow_gsva(x, sets, kernel)
    assert gsva_scores(x, members, starts, kernel) == pytest.approx(expected, abs=1e-12)  # type: ignore[arg-type]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 12))
def test_properties(seed: int, samples: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(37, samples))
    sets = [list(rng.choice(37, size, replace=False)) for size in (1, 5, 20, 36)]
    members, starts = pack(sets)
    scores = gsva_scores(x, members, starts)
    assert (np.abs(scores) <= 1 + 1e-12).all()
    # a gene's scale does not matter (powers of two: no rounding)
    assert (gsva_scores(x * 2.0 ** rng.integers(-8, 8, (37, 1)), members, starts) == scores).all()
    # nor does the order of the rows, where no two genes tie within a sample
    if any(len(np.unique(keys)) < 37 for keys in cohort_keys(x, "gaussian")):
        return
    order = rng.permutation(37)
    moved, _ = pack([list(np.argsort(order)[s]) for s in sets])
    assert gsva_scores(x[order], moved, starts) == pytest.approx(scores, abs=1e-12)


def test_does_not_depend_on_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(1500, 30))
    members, starts = pack([list(rng.choice(1500, 40, replace=False)) for _ in range(20)])
    found = []
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("HER2HET_THREADS", threads)
        found.append(gsva_scores(x, members, starts))
    assert (found[0] == found[1]).all()
    assert (found[0] == found[2]).all()


@pytest.mark.parametrize(
    ("x", "sets", "kernel", "message"),
    [
        (np.ones((4, 1)), [[0]], "gaussian", "2 samples"),
        (np.array([[1.0, 2.0], [3.0, 3.0]]), [[0]], "gaussian", "constant"),
        (np.array([[1.0, np.nan], [3.0, 4.0]]), [[0]], "gaussian", "not finite"),
        (np.array([[1.0, 2.5], [3.0, 4.0]]), [[0]], "poisson", "whole numbers"),
        (np.array([[1.0, 2.0], [3.0, 4.0]]), [[0, 1]], "gaussian", "1 to 1 of 2"),
        (np.array([[1.0, 2.0], [3.0, 4.0]]), [[7]], "gaussian", "rows 0 to 1"),
        (np.eye(3), [[1, 1]], "gaussian", "twice"),
        (np.eye(3), [[1]], "cauchy", "neither"),
    ],
)
def test_refuses(x: np.ndarray, sets: list[list[int]], kernel: str, message: str) -> None:
    members, starts = pack(sets)
    with pytest.raises(ValueError, match=message):
        gsva_scores(x, members, starts, kernel)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "kernel", "matrix"),
    [("gsva_gaussian", "gaussian", "log_expression"), ("gsva_poisson", "poisson", "counts")],
)
def test_small_golden(name: str, kernel: str, matrix: str) -> None:
    x = pd.read_csv(SMALL / f"{matrix}.csv", index_col=0)
    names, members, starts = read_sets(SMALL / "sets.gmt", list(x.index))
    golden = pd.read_csv(SMALL / f"{name}.csv", index_col=0)
    assert list(golden.index) == names
    scores = gsva_scores(x.to_numpy(), members, starts, kernel)  # type: ignore[arg-type]
    assert np.abs(scores - golden.to_numpy()).max() < 1e-9


def test_one_gene_sets() -> None:
    """Each gene a set: the gene in the middle of an even number has no weight."""
    x = pd.read_csv(SMALL / "tiny.csv", index_col=0).to_numpy()
    golden = pd.read_csv(SMALL / "tiny_gsva.csv", index_col=0).to_numpy()
    assert np.abs(gsva_scores(x, *pack([[i] for i in range(10)])) - golden).max() < 1e-9


def tcga_log_cpm(shared: Path) -> pd.DataFrame:
    """edgeR's log-CPM (prior 2, TMM) of genes with CPM > 1 in at least 6 samples, as the oracle's script has it."""
    counts = pd.read_csv(shared / "data/tcga_her2_60/counts.csv.gz", index_col=0)
    tmm = pd.read_csv(shared / "oracles/tcga_her2_60/edger_tmm.csv.gz", index_col=0)
    lib = (tmm["lib.size"] * tmm["norm.factors"]).to_numpy()
    prior = 2.0 * lib / lib.mean()
    log_cpm = np.log2((counts + prior) / (lib + 2 * prior) * 1e6)
    return log_cpm[((counts / counts.sum() * 1e6) > 1).sum(axis=1) >= 6]


def trial_log_cpm(shared: Path) -> tuple[np.ndarray, list[str], list[str]]:
    """log2(TMM-CPM + 1) of the genes with any count."""
    stored = np.load(shared / "oracles/trial_size/counts.npz")
    counts, tmm = stored["counts"], pd.read_csv(shared / "oracles/trial_size/edger_tmm.tsv", sep="\t")
    kept = counts.sum(axis=1) > 0
    x = np.log2(counts[kept] / (tmm["lib"] * tmm["nf"]).to_numpy() * 1e6 + 1)
    return x, [str(g) for g in stored["genes"][kept]], [str(s) for s in stored["samples"]]


def test_tcga(shared_data: Path) -> None:
    x = tcga_log_cpm(shared_data)
    sets = shared_data / "data/gene_sets/c2.cp.kegg.v2023.1.Hs.symbols.gmt"
    names, members, starts = read_sets(sets, list(x.index), 10, 500)
    golden = pd.read_csv(shared_data / "oracles/tcga_her2_60/gsva.csv.gz", index_col=0)
    assert list(golden.index) == names
    assert np.abs(gsva_scores(x.to_numpy(), members, starts) - golden.to_numpy()).max() < 1e-9


def test_trial_size(shared_data: Path) -> None:
    x, genes, samples = trial_log_cpm(shared_data)
    names, members, starts = read_sets(shared_data / "oracles/trial_size/sets.gmt", genes)
    golden = pd.read_csv(shared_data / "oracles/trial_size/gsva_R.tsv.gz", sep="\t", index_col=0)
    expected = golden.loc[names, samples].to_numpy()
    assert expected.shape == (1600, 285)
    assert np.abs(gsva_scores(x, members, starts) - expected).max() < 1e-9


def test_trial_size_part(shared_data: Path) -> None:
    """1,501 genes x 40 samples: fewer genes, so that ties and near ties weigh more."""
    folder = shared_data / "oracles/trial_size"
    x, genes, samples = trial_log_cpm(shared_data)
    part = (folder / "gsva_1501_genes.txt").read_text().split()
    at = {gene: i for i, gene in enumerate(genes)}
    golden = pd.read_csv(folder / "gsva_R_1501x40.tsv.gz", sep=r"\s+", index_col=0)
    names, members, starts = read_sets(folder / "sets.gmt", part)
    kept = [i for i, name in enumerate(names) if name in golden.index]
    scores = gsva_scores(x[[at[g] for g in part], :40], members, starts)[kept]
    assert np.abs(scores - golden.loc[[names[i] for i in kept], samples[:40]].to_numpy()).max() < 1e-9
