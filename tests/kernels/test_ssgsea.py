"""ssGSEA and ESTIMATE's variant: slow twins from the definition, properties, R's results."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import rankdata

from her2het.kernels.estimate import estimate_scores, tumour_purity
from her2het.kernels.ssgsea import ssgsea_scores
from her2het.reference.tables import estimate_aliases, estimate_common_genes, estimate_signatures

SMALL = Path(__file__).parents[1] / "oracles" / "gsva_small"


def pack(sets: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    return np.array([g for s in sets for g in s], dtype=int), np.cumsum([0] + [len(s) for s in sets])


def slow_sums(x: np.ndarray, sets: list[list[int]], alpha: float, whole: bool) -> np.ndarray:
    """The running difference written out and summed."""
    p, n = x.shape
    out = np.empty((len(sets), n))
    for j in range(n):
        rank = rankdata(x[:, j])
        rank = np.floor(rank) if whole else rank
        order = np.argsort(-x[:, j], kind="stable")
        for s, members in enumerate(sets):
            hit = np.isin(order, members)
            weight = np.where(hit, rank[order] ** alpha, 0.0)
            out[s, j] = (np.cumsum(weight) / weight.sum() - np.cumsum(~hit) / (p - len(members))).sum()
    return out


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 40), st.integers(1, 6), st.booleans())
def test_equals_the_slow_twin(seed: int, genes: int, samples: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    x = rng.poisson(1.5, (genes, samples)) - 1.0 if ties else rng.normal(size=(genes, samples))
    sets = [list(rng.choice(genes, rng.integers(1, genes), replace=False)) for _ in range(4)]
    members, starts = pack(sets)
    found = ssgsea_scores(x, members, starts, normalise=False)
    assert found == pytest.approx(slow_sums(x, sets, 0.25, whole=True), abs=1e-9)
    assert estimate_scores(x, members, starts) == pytest.approx(slow_sums(x, sets, 0.25, whole=False), abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_properties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.negative_binomial(2, 0.05, (60, 5))
    members, starts = pack([list(rng.choice(60, size, replace=False)) for size in (1, 7, 30)])
    raw = ssgsea_scores(counts, members, starts, normalise=False)
    # only the order within a sample counts: counts, CPM and their logs are one
    log_cpm = np.log2(counts / counts.sum(axis=0) * 1e6 + 1)
    assert (ssgsea_scores(log_cpm, members, starts, normalise=False) == raw).all()
    assert (estimate_scores(log_cpm, members, starts) == estimate_scores(counts, members, starts)).all()
    # a sample's raw score needs no other sample; the normalised one spans 1
    assert (ssgsea_scores(counts[:, :1], members, starts, normalise=False) == raw[:, :1]).all()
    scaled = ssgsea_scores(counts, members, starts)
    assert np.ptp(scaled) == pytest.approx(1)
    assert scaled * np.ptp(raw) == pytest.approx(raw)


def test_a_set_of_the_highest_genes_scores_most() -> None:
    x = np.arange(20.0)[:, None]
    members, starts = pack([[19, 18], [10, 9], [0, 1]])
    high, middle, low = ssgsea_scores(x, members, starts, normalise=False)[:, 0]
    assert high > middle > low
    assert high == pytest.approx(10.0, abs=0.1)  # p / 2


def test_refuses() -> None:
    members, starts = pack([[0]])
    with pytest.raises(ValueError, match="not finite"):
        ssgsea_scores(np.array([[1.0], [np.inf]]), members, starts)
    with pytest.raises(ValueError, match="genes x samples"):
        ssgsea_scores(np.arange(3.0), members, starts)
    with pytest.raises(ValueError, match="range"):
        ssgsea_scores(np.array([[1.0], [2.0]]), members, starts)


def test_estimate_worked_examples() -> None:
    members, starts = pack([[0, 2]])
    toy = estimate_scores(np.array([[9.0, 1, 7, 3, 5, 2]]).T, members, starts)
    assert toy[0, 0] == pytest.approx(3.011393, abs=5e-7)
    assert tumour_purity(np.array([0.0, 2000.0])) == pytest.approx([0.82251, 0.62273], abs=5e-6)
    assert tumour_purity(np.array([6579.5, 6579.7])) == pytest.approx([0, np.nan], abs=2e-5, nan_ok=True)
    assert np.isnan(tumour_purity(np.array([40_000.0])))[0]  # the cosine comes back; purity does not


@pytest.mark.parametrize(("name", "normalise"), [("ssgsea", True), ("ssgsea_raw", False)])
def test_small_golden(name: str, normalise: bool) -> None:
    x = pd.read_csv(SMALL / "log_expression.csv", index_col=0)
    at = {gene: i for i, gene in enumerate(x.index)}
    lines = [line.split("\t") for line in (SMALL / "sets.gmt").read_text().splitlines()]
    members, starts = pack([[at[g] for g in line[2:]] for line in lines])
    golden = pd.read_csv(SMALL / f"{name}.csv", index_col=0).to_numpy()
    assert np.abs(ssgsea_scores(x.to_numpy(), members, starts, normalise=normalise) - golden).max() < 1e-9


def sets_of(path: Path, genes: list[str], low: int, high: int) -> tuple[list[str], np.ndarray, np.ndarray]:
    at = {gene: i for i, gene in enumerate(genes)}
    lines = [line.split("\t") for line in path.read_text().splitlines()]
    found = {line[0]: sorted({at[g] for g in line[2:] if g in at}) for line in lines}
    kept = {name: rows for name, rows in found.items() if low <= len(rows) <= high}
    return (list(kept), *pack(list(kept.values())))


def test_tcga(shared_data: Path) -> None:
    counts = pd.read_csv(shared_data / "data/tcga_her2_60/counts.csv.gz", index_col=0)
    tmm = pd.read_csv(shared_data / "oracles/tcga_her2_60/edger_tmm.csv.gz", index_col=0)
    lib = (tmm["lib.size"] * tmm["norm.factors"]).to_numpy()
    prior = 2.0 * lib / lib.mean()
    kept = ((counts / counts.sum() * 1e6) > 1).sum(axis=1) >= 6
    x = np.log2((counts + prior) / (lib + 2 * prior) * 1e6)[kept]
    golden = pd.read_csv(shared_data / "oracles/tcga_her2_60/ssgsea.csv.gz", index_col=0)
    sets = shared_data / "data/gene_sets/c2.cp.kegg.v2023.1.Hs.symbols.gmt"
    names, members, starts = sets_of(sets, list(x.index), 10, 500)
    assert list(golden.index) == names
    assert np.abs(ssgsea_scores(x.to_numpy(), members, starts) - golden.to_numpy()).max() < 1e-9


def test_trial_size(shared_data: Path) -> None:
    folder = shared_data / "oracles/trial_size"
    stored = np.load(folder / "counts.npz")
    tmm = pd.read_csv(folder / "edger_tmm.tsv", sep="\t")
    kept = stored["counts"].sum(axis=1) > 0
    x = np.log2(stored["counts"][kept] / (tmm["lib"] * tmm["nf"]).to_numpy() * 1e6 + 1)
    names, members, starts = sets_of(folder / "sets.gmt", [str(g) for g in stored["genes"][kept]], 1, 10**9)
    golden = pd.read_csv(folder / "ssgsea_R.tsv.gz", sep="\t", index_col=0)
    expected = golden.loc[names, [str(s) for s in stored["samples"]]].to_numpy()
    assert np.abs(ssgsea_scores(x, members, starts) - expected).max() < 1e-9


def estimate_of(x: pd.DataFrame, renamed: dict[str, str]) -> np.ndarray:
    """Scores on the common genes; `renamed`: current symbol -> the one that the matrix has."""
    genes = [g for g in (renamed.get(g, g) for g in estimate_common_genes()["symbol"]) if g in x.index]
    at = {gene: i for i, gene in enumerate(genes)}
    signatures = estimate_signatures()
    sets = [[at[g] for g in (renamed.get(g, g) for g in signatures[s]) if g in at] for s in ("stromal", "immune")]
    return estimate_scores(x.loc[genes].to_numpy(), *pack(sets))


def published_names() -> dict[str, str]:
    return {new: old for old, new in estimate_aliases().items()}


def test_estimate_sample(shared_data: Path) -> None:
    x = pd.read_csv(shared_data / "data/estimate_sample/sample_input.txt", sep="\t", index_col=0)
    golden = pd.read_csv(shared_data / "data/estimate_sample/R_estimate_scores.csv", index_col=0)
    scores = estimate_of(x, published_names())
    assert scores == pytest.approx(golden.loc[["StromalScore", "ImmuneScore"]].to_numpy(), rel=1e-6, abs=0)
    purity = tumour_purity(scores.sum(axis=0))
    assert purity == pytest.approx(golden.loc["TumorPurity"].to_numpy(), rel=1e-6, abs=0)


def test_estimate_illumina(shared_data: Path) -> None:
    counts = pd.read_csv(shared_data / "data/tcga_her2_60/counts.csv.gz", index_col=0)
    golden = pd.read_csv(shared_data / "oracles/tcga_her2_60/estimate_illumina.csv", index_col=0)
    scores = estimate_of(np.log2(counts / counts.sum() * 1e6 + 1), published_names())
    assert scores == pytest.approx(golden.loc[["StromalScore", "ImmuneScore"]].to_numpy(), rel=1e-6, abs=0)
