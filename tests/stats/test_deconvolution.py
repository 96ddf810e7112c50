"""Signatures and fractions on named matrices: what is recovered, what is said, what is refused."""

import numpy as np
import pytest

from her2het.kernels.deconvolve import cell_fractions
from her2het.schema import Matrix, StudyError
from her2het.stats.deconvolution import deconvolution_table, deconvolve
from her2het.stats.signature import build_signature

TYPES = ("B", "T", "NK")


def profiles(seed: int = 1, per_type: int = 6, genes: int = 300) -> tuple[Matrix, dict[str, str], np.ndarray]:
    """Sorted profiles whose genes 0-39 mark B, 40-79 T, 80-119 NK."""
    rng = np.random.default_rng(seed)
    mean = np.repeat(rng.lognormal(3, 1, (genes, 1)), 3, axis=1)
    for k in range(3):
        mean[k * 40 : k * 40 + 40, k] *= 16
    columns = [f"{t}{i}" for t in TYPES for i in range(per_type)]
    values = np.repeat(mean, per_type, axis=1) * rng.lognormal(0, 0.2, (genes, 3 * per_type))
    matrix = Matrix(values, tuple(f"g{i}" for i in range(genes)), tuple(columns), "linear")
    return matrix, {name: name.rstrip("0123456789") for name in columns}, mean


def mixtures(mean: np.ndarray, seed: int = 2, samples: int = 8) -> tuple[Matrix, np.ndarray]:
    rng = np.random.default_rng(seed)
    share = rng.dirichlet(np.ones(3), samples)
    values = mean @ share.T * rng.lognormal(0, 0.05, (len(mean), samples))
    rows, columns = tuple(f"g{i}" for i in range(len(mean))), tuple(f"m{j}" for j in range(samples))
    return Matrix(values, rows, columns, "linear"), share


def test_a_signature_finds_the_markers_and_recovers_the_shares() -> None:
    sorted_profiles, types, mean = profiles()
    built = build_signature(sorted_profiles, types, fewest=10, most=40)
    assert built.signature.columns == TYPES
    assert set(built.signature.rows) <= {f"g{i}" for i in range(120)}
    for k, name in enumerate(TYPES):
        genes = built.markers.loc[built.markers["type"] == name, "gene"]
        assert set(genes) <= {f"g{i}" for i in range(k * 40, k * 40 + 40)}
        assert built.markers.loc[built.markers["type"] == name, "log2_fold"].is_monotonic_decreasing
    assert built.condition == pytest.approx(built.choice["condition"].min())
    assert built.condition == pytest.approx(np.linalg.cond(built.signature.values))
    mixed, share = mixtures(mean)
    result = deconvolve(mixed, built.signature, permutations=100)
    assert np.abs(result.fractions.values.T - share).max() < 0.08
    assert (result.fit["p"] <= 0.02).all()
    assert (result.fit["p_exceeding"] == 1 / 101).all()


def test_counts_logs_and_single_cells_give_signatures() -> None:
    sorted_profiles, types, mean = profiles(per_type=40)
    counts = np.random.default_rng(3).poisson(sorted_profiles.values / 20)
    cells = Matrix(counts, sorted_profiles.rows, sorted_profiles.columns, "counts")
    built = build_signature(cells, types, fewest=10, most=40, replicates=5, seed=4)
    assert len(set(built.signature.rows) & {f"g{i}" for i in range(120)}) > 0.9 * len(built.signature.rows)
    assert [note.title for note in built.notes] == ["Counts were scaled"]
    again = build_signature(cells, types, fewest=10, most=40, replicates=5, seed=4)
    assert again.signature.rows == built.signature.rows
    mixed, share = mixtures(mean)
    assert np.abs(deconvolve(mixed, built.signature).fractions.values.T - share).max() < 0.12
    logs = Matrix(np.log2(sorted_profiles.values + 1), sorted_profiles.rows, sorted_profiles.columns, "log2_cpm1")
    same = build_signature(logs, types, fewest=10, most=40)
    plain = build_signature(sorted_profiles, types, fewest=10, most=40)
    assert same.signature.rows == plain.signature.rows
    np.testing.assert_allclose(same.signature.values, plain.signature.values, rtol=1e-9)


def test_one_profile_per_type_is_said() -> None:
    sorted_profiles, types, _ = profiles(per_type=1)
    built = build_signature(sorted_profiles, types, fewest=10, most=20)
    assert any("one profile allows no test" in note.text for note in built.notes)
    assert built.markers["p"].isna().all()


def test_what_a_signature_refuses() -> None:
    matrix, types, _ = profiles()
    for words, arguments in (
        ("profile 'X9' has a cell type", ({**types, "X9": "B"}, {})),
        ("1 cell type", (dict.fromkeys(types, "B"), {})),
        ("5 to 3 genes", (types, {"fewest": 5, "most": 3})),
        ("rate 2", (types, {"fdr": 2.0})),
        ("1 replicates", (types, {"replicates": 1})),
        ("no gene is higher in 'B'", (types, {"least_log2_fold": 20.0})),
    ):
        with pytest.raises(StudyError, match=words):
            build_signature(matrix, arguments[0], **arguments[1])
    fewer = {name: kind for name, kind in types.items() if name != "B0"}
    assert any("1 profiles" in note.text for note in build_signature(matrix, fewer, fewest=5, most=9).notes)


def signature_of(mean: np.ndarray) -> Matrix:
    return Matrix(mean[:120], tuple(f"g{i}" for i in range(120)), TYPES, "linear")


def test_relative_absolute_and_table() -> None:
    _, _, mean = profiles()
    mixed, _ = mixtures(mean)
    relative, absolute = deconvolve(mixed, signature_of(mean)), deconvolve(mixed, signature_of(mean), absolute=True)
    np.testing.assert_allclose(relative.fractions.values.sum(axis=0), 1)
    np.testing.assert_allclose(
        absolute.fractions.values, relative.fractions.values * relative.fit["absolute_scale"].to_numpy()
    )
    expected = np.median(mixed.values[:120], axis=0) / np.median(mixed.values)
    np.testing.assert_allclose(relative.fit["absolute_scale"], expected)
    table = deconvolution_table(relative)
    assert table.columns.tolist() == ["sample", *TYPES, "correlation", "rmse", "nu", "absolute_scale"]
    assert "p" in deconvolution_table(deconvolve(mixed, signature_of(mean), permutations=3))
    np.testing.assert_array_equal(cell_fractions(mean[:120], mixed.values[:120]).share.T, relative.fractions.values)


def test_a_sample_alone_has_the_shares_that_it_has_among_others() -> None:
    _, _, mean = profiles()
    mixed, _ = mixtures(mean)
    together = deconvolve(mixed, signature_of(mean)).fractions.values
    alone = deconvolve(mixed.pick(["m3"]), signature_of(mean)).fractions.values
    np.testing.assert_allclose(alone[:, 0], together[:, 3], atol=1e-12)


def test_logs_are_undone_and_missing_genes_said() -> None:
    _, _, mean = profiles()
    mixed, _ = mixtures(mean)
    logs = Matrix(np.log2(mixed.values + 1), mixed.rows, mixed.columns, "log2_cpm1")
    result = deconvolve(logs, signature_of(mean))
    expected = deconvolve(mixed, signature_of(mean)).fractions.values
    np.testing.assert_allclose(result.fractions.values, expected, atol=1e-6)
    assert result.notes[0].title == "Logarithms were undone"
    fewer = mixed.keep_rows(np.array([i >= 70 for i in range(300)]))
    result = deconvolve(fewer, signature_of(mean), permutations=5)
    assert result.absent_genes == tuple(f"g{i}" for i in range(70))
    assert {note.title for note in result.notes} >= {"Signature genes missing", "Few permutations"}
    assert next(n for n in result.notes if n.title == "Signature genes missing").level == "caution"
    small = Matrix(mean[:120] / 1e4, signature_of(mean).rows, TYPES, "linear")
    assert any(note.title == "Small values in the signature" for note in deconvolve(mixed, small).notes)
    twins = Matrix(mean[:120][:, [0, 0, 1]] * [1, 1.0001, 1], signature_of(mean).rows, TYPES, "linear")
    assert any(note.title == "Ill-conditioned signature" for note in deconvolve(mixed, twins).notes)


def test_quantiles_and_unfit_samples() -> None:
    _, _, mean = profiles()
    mixed, _ = mixtures(mean)
    normalised = deconvolve(mixed, signature_of(mean), quantile_normalise=True)
    assert not np.array_equal(normalised.fractions.values, deconvolve(mixed, signature_of(mean)).fractions.values)
    upside_down = Matrix(1e5 - mean.sum(axis=1, keepdims=True), mixed.rows, ("odd",), "linear")
    result = deconvolve(upside_down, signature_of(mean))
    assert np.isnan(result.fractions.values).all()
    assert any(note.text.startswith("odd:") for note in result.notes)


def test_what_deconvolution_refuses() -> None:
    _, _, mean = profiles()
    mixed, _ = mixtures(mean)
    signature = signature_of(mean)
    other = Matrix(mixed.values, tuple(f"ENSG{i}" for i in range(300)), mixed.columns, "linear")
    flat = Matrix(np.column_stack([mixed.values[:, 0], np.ones(300)]), mixed.rows, ("a", "b"), "linear")
    negative = Matrix(mixed.values - 50, mixed.rows, mixed.columns, "linear")
    for words, arguments in (
        ("0 of the 120 genes", (other, signature)),
        ("sample 'b' has one value", (flat, signature)),
        ("below 0", (negative, signature)),
        ("one cell type", (mixed, Matrix(mean[:120, :1], signature.rows, ("B",), "linear"))),
    ):
        with pytest.raises(StudyError, match=words):
            deconvolve(*arguments)
    with pytest.raises(StudyError, match="-1 permutations"):
        deconvolve(mixed, signature, permutations=-1)
    clash = Matrix(mean[:120], signature.rows, ("rmse", "T", "NK"), "linear")
    with pytest.raises(StudyError, match="called 'rmse'"):
        deconvolution_table(deconvolve(mixed, clash))
