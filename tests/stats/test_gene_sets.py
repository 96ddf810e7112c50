"""Gene sets on a matrix: what can be scored, what is refused, differences to controls."""

import numpy as np
import pandas as pd
import pytest

from her2het.kernels.gsva import gsva_scores
from her2het.schema import Matrix, StudyError
from her2het.stats.gene_sets import delta_scores, gsva, identifier_kind, need_log, select_sets, ssgsea

GENES = tuple(f"GENE{i}" for i in range(30))
SETS = {"A": GENES[:5], "B": (*GENES[10:14], "ELSEWHERE"), "C": ("NOWHERE",), "D": GENES[:1]}


def matrix(values: np.ndarray | None = None, unit: str = "log2") -> Matrix:
    x = np.random.default_rng(5).normal(8, 2, (30, 6)) if values is None else values
    return Matrix(x, GENES[: len(x)], tuple(f"S{j}" for j in range(x.shape[1])), unit)


def test_selection_lists_what_it_drops() -> None:
    chosen = select_sets(SETS, GENES, min_size=2)
    assert chosen.names == ("A", "B")
    assert list(chosen.starts) == [0, 5, 9]
    assert dict(zip(chosen.dropped_sets["set"], chosen.dropped_sets["reason"], strict=True)) == {
        "C": "no gene in the matrix",
        "D": "fewer than 2 genes in the matrix",
    }
    assert chosen.absent_genes.values.tolist() == [["B", "ELSEWHERE"]]
    assert select_sets(SETS, GENES, max_size=4).names == ("B", "D")


def test_a_gene_listed_twice_counts_once() -> None:
    chosen = select_sets({"A": ("GENE1", "GENE1", "GENE2")}, GENES)
    assert list(chosen.members) == [1, 2]


def test_gsva_equals_its_kernel() -> None:
    result = gsva(matrix(), SETS)
    assert result.scores.rows == ("A", "B", "D")
    members = np.array([0, 1, 2, 3, 4, 10, 11, 12, 13, 0])
    assert (result.scores.values == gsva_scores(matrix().values, members, np.array([0, 5, 9, 10]))).all()
    assert result.constant_genes == ()


def test_constant_genes_are_refused_or_dropped_and_listed() -> None:
    x = matrix().values.copy()
    x[3] = 5.0
    x[4] = 5.0 + np.arange(6) * 1e-12  # R's GSVA takes a sd below 1e-10 for constant
    with pytest.raises(StudyError, match=r"GENE3 and 1 more genes do not vary over the 6 samples.*--drop-constant"):
        gsva(matrix(x), SETS)
    result = gsva(matrix(x), SETS, constant="drop")
    assert result.constant_genes == ("GENE3", "GENE4")
    kept = np.delete(x, [3, 4], axis=0)
    only = Matrix(kept, tuple(g for g in GENES if g not in ("GENE3", "GENE4")), matrix().columns, "log2")
    assert (gsva(only, SETS).scores.values == result.scores.values).all()
    assert ssgsea(matrix(x), SETS).constant_genes == ()  # a sample's own ranking needs no variation


@pytest.mark.parametrize(
    ("given", "kernel", "message"),
    [
        (matrix().pick(("S0",)), "gaussian", "1 sample; a score compares samples"),
        (matrix(np.arange(180.0).reshape(30, 6), "counts"), "gaussian", "the values are counts"),
        (matrix(np.arange(180.0).reshape(30, 6)), "gaussian", "the values are up to 179"),
        (matrix(), "poisson", "not a count"),
        (matrix(np.where(np.eye(30, 6) > 0, np.nan, 1.0)), "gaussian", "GENE0 in S0 is missing or infinite, 6 such"),
    ],
)
def test_gsva_refuses_in_one_sentence(given: Matrix, kernel: str, message: str) -> None:
    with pytest.raises(StudyError, match=message) as caught:
        gsva(given, SETS, kernel=kernel)  # type: ignore[arg-type]
    assert len(caught.value.problems) == 1


def test_sets_in_another_identifier() -> None:
    with pytest.raises(StudyError, match=r"genes are Entrez identifiers \('2064'\), the matrix has symbol"):
        gsva(matrix(), {"A": ("2064", "2099")})
    with pytest.raises(StudyError, match="Ensembl"):
        gsva(matrix(), {"A": ("ENSG00000141736",)})
    with pytest.raises(StudyError, match=r"none of 2 genes .* is among the 30 rows"):
        gsva(matrix(), {"A": ("Erbb2", "Esr1")})
    with pytest.raises(StudyError, match="none of 4 sets can be scored"):
        gsva(matrix(), SETS, min_size=20)
    with pytest.raises(StudyError, match="none given"):
        gsva(matrix(), {})
    with pytest.raises(StudyError, match="Give 1 <= smallest <= largest"):
        gsva(matrix(), SETS, min_size=5, max_size=4)


def test_identifier_kinds() -> None:
    assert identifier_kind(["2064", "2099", "ERBB2"]) == "Entrez"
    assert identifier_kind(["ENSG00000141736.14", "ENSG00000091831"]) == "Ensembl"
    assert identifier_kind(["ERBB2"]) == identifier_kind([]) == "symbol"


def test_ssgsea_of_one_sample() -> None:
    one = matrix().pick(("S0",))
    whole = ssgsea(matrix(), SETS, normalise=False).scores
    alone = ssgsea(one, SETS, normalise=False).scores
    assert (alone.values[:, 0] == whole.values[:, 0]).all()
    with pytest.raises(StudyError, match="1 score without a range"):
        ssgsea(one, {"A": GENES[:5]})


def test_ssgsea_takes_counts_as_their_logs() -> None:
    counts = np.random.default_rng(2).poisson(40, (30, 4))
    logs = ssgsea(matrix(np.log2(counts + 1)), SETS).scores.values
    assert (ssgsea(matrix(counts, "counts"), SETS).scores.values == logs).all()


def test_delta_scores_subtract_the_mean_of_the_controls() -> None:
    scores = Matrix(np.array([[1.0, 3.0, 8.0], [0.0, 0.0, -1.0]]), ("A", "B"), ("x", "y", "z"), "gsva_score")
    delta = delta_scores(scores, ["x", "y", "x"])
    assert delta.values.tolist() == [[-1.0, 1.0, 6.0], [0.0, 0.0, -1.0]]
    assert delta.unit == "gsva_score_delta"
    with pytest.raises(StudyError, match="no control sample"):
        delta_scores(scores, [])
    with pytest.raises(StudyError, match="no column 'w'"):
        delta_scores(scores, ["w"])


def test_need_log_passes_over_gaps_where_allowed() -> None:
    x = np.array([[1.0, np.nan], [2.0, 3.0]])
    need_log(matrix(x), "who", gaps=True)
    with pytest.raises(StudyError, match="missing"):
        need_log(matrix(x), "who")


def test_frames_are_frames() -> None:
    result = gsva(matrix(), SETS)
    assert isinstance(result.dropped_sets, pd.DataFrame)
    assert list(result.dropped_sets.columns) == ["set", "genes", "found", "reason"]
