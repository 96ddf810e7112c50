"""Matrices as they come: every format, and every way in which a file is broken, told in a sentence."""

import bz2
import gzip
import lzma
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from her2het.io.gene_names import by_symbol
from her2het.io.matrix import check_counts, check_log, read_matrix, read_matrix_with_notes
from her2het.reference.tables import gene_annotation
from her2het.schema import Matrix, StudyError

VALUES = np.array([[5, 0, 12], [7, 3, 1], [100, 250, 30]])
GENES = ("ERBB2", "ESR1", "GAPDH")
SAMPLES = ("s1", "s2", "s3")
ROWS = [f"{g}\t" + "\t".join(map(str, row)) for g, row in zip(GENES, VALUES, strict=True)]
PLAIN = "\n".join(["gene\ts1\ts2\ts3", *ROWS]) + "\n"


def write(folder: Path, content: str | bytes, name: str = "counts.txt") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def agree(matrix: Matrix) -> None:
    assert matrix.rows == GENES
    assert matrix.columns == SAMPLES
    np.testing.assert_array_equal(matrix.values, VALUES)
    assert matrix.unit == "counts"
    assert matrix.values.dtype == np.int64
    assert matrix.values.flags.c_contiguous


SAME = {
    "tab": PLAIN,
    "comma": PLAIN.replace("\t", ","),
    "semicolon": PLAIN.replace("\t", ";"),
    "bar": PLAIN.replace("\t", "|"),
    "space": PLAIN.replace("\t", " "),
    "byte order mark": "\ufeff" + PLAIN,
    "windows line ends": PLAIN.replace("\n", "\r\n"),
    "old mac line ends": PLAIN.replace("\n", "\r"),
    "no newline at the end": PLAIN.rstrip("\n"),
    "blank lines at the end": PLAIN + "\n\n",
    "comment above": "# made by a program, version 3\n" + PLAIN,
    "empty first heading (R write.csv)": PLAIN.replace("gene", '""').replace("\t", ","),
    "no first heading (R write.table)": PLAIN.replace("gene\t", ""),
    "quoted names": "\n".join(
        ['"gene" "s1" "s2" "s3"', *(f'"{g}" ' + " ".join(map(str, r)) for g, r in zip(GENES, VALUES, strict=True))]
    ),
    "quoted numbers": "\n".join(
        ["gene,s1,s2,s3", *(",".join([g, *(f'"{v}"' for v in r)]) for g, r in zip(GENES, VALUES, strict=True))]
    ),
    "whole numbers written as floats": "\n".join(
        ["gene\ts1\ts2\ts3", *(g + "".join(f"\t{v}.0" for v in r) for g, r in zip(GENES, VALUES, strict=True))]
    ),
    "scientific": PLAIN.replace("250", "2.5e2"),
    "row numbers in front": "\n".join([",gene,s1,s2,s3", *(f"{i},{r}" for i, r in enumerate(ROWS))]).replace("\t", ","),
    "empty columns at the right": "\n".join(line + "\t\t" for line in PLAIN.splitlines()),
    "spaces around names": PLAIN.replace("ESR1", " ESR1 ").replace("s2", " s2"),
    "GCT 1.2": "#1.2\n3\t3\nName\tDescription\ts1\ts2\ts3\n" + "\n".join(r.replace("\t", "\tna\t", 1) for r in ROWS),
    "GCT 1.3": "#1.3\n3\t3\t1\t2\nid\tlength\ts1\ts2\ts3\nage\tna\t40\t50\t60\nsex\tna\tf\tf\tf\n"
    + "\n".join(r.replace("\t", "\t1000\t", 1) for r in ROWS),
    "Ensembl and symbol": "ensembl\tsymbol\ts1\ts2\ts3\n"
    + "\n".join(f"ENSG0000000000{i}\t{r}" for i, r in enumerate(ROWS)),
    "symbol and Ensembl": "symbol\tensembl\ts1\ts2\ts3\n"
    + "\n".join(r.replace("\t", f"\tENSG0000000000{i}.4\t", 1) for i, r in enumerate(ROWS)),
    "Hugo and Entrez (cBioPortal)": "Hugo_Symbol\tEntrez_Gene_Id\ts1\ts2\ts3\n"
    + "\n".join(r.replace("\t", f"\t{2064 + i}\t", 1) for i, r in enumerate(ROWS)),
    "featureCounts": "# Program:featureCounts v2.0; Command: x\nGeneid\tChr\tStart\tEnd\tStrand\tLength\ts1\ts2\ts3\n"
    + "\n".join(r.replace("\t", "\tchr17;chr17\t1;5\t2;9\t+;+\t500\t", 1) for r in ROWS),
    "HTSeq": PLAIN + "__no_feature\t9\t9\t9\n__ambiguous\t1\t2\t3\n",
}


@pytest.mark.parametrize("name", SAME)
def test_one_matrix_in_many_texts(tmp_path: Path, name: str) -> None:
    agree(read_matrix(write(tmp_path, SAME[name]), unit="counts"))
    agree(read_matrix(write(tmp_path, SAME[name])))


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_whatever_the_name(tmp_path: Path, pack) -> None:
    agree(read_matrix(write(tmp_path, pack(PLAIN.encode()), "counts.csv")))


def test_gct_of_ensembl_names_goes_by_the_description(tmp_path: Path) -> None:
    rows = "\n".join(f"ENSG0000000000{i}.7\t{r}" for i, r in enumerate(ROWS))
    path = write(tmp_path, "#1.2\n3\t3\nName\tDescription\ts1\ts2\ts3\n" + rows)
    agree(read_matrix(path))
    assert read_matrix(path, names="id").rows[0] == "ENSG00000000000"


def test_utf16_and_windows_text_are_read_and_said(tmp_path: Path) -> None:
    matrix, notes = read_matrix_with_notes(write(tmp_path, PLAIN.encode("utf-16")))
    agree(matrix)
    assert notes == ("counts.txt: read as UTF-16",)
    matrix, notes = read_matrix_with_notes(write(tmp_path, PLAIN.replace("s2", "Jörg").encode("cp1252")))
    assert matrix.columns[1] == "Jörg"
    assert "Windows-1252" in notes[0]


def test_parquet_with_and_without_an_index(tmp_path: Path) -> None:
    frame = pd.DataFrame(VALUES.astype(np.int32), index=pd.Index(GENES), columns=list(SAMPLES))
    frame.to_parquet(tmp_path / "a.parquet")
    agree(read_matrix(tmp_path / "a.parquet"))
    frame.rename_axis("gene").reset_index().to_parquet(tmp_path / "b.parquet")
    agree(read_matrix(tmp_path / "b.parquet"))
    frame.set_axis([2064, 2099, 2597], axis=0).to_parquet(tmp_path / "entrez.parquet")
    assert read_matrix(tmp_path / "entrez.parquet").rows == ("2064", "2099", "2597")
    frame.to_parquet(tmp_path / "c.parquet", index=False)
    with pytest.raises(StudyError, match="0 of 3 columns hold text"):
        read_matrix(tmp_path / "c.parquet")


@pytest.mark.filterwarnings("ignore")
def test_h5ad_is_turned_and_its_counts_layer_found(tmp_path: Path) -> None:
    from anndata import AnnData
    from scipy.sparse import csr_matrix

    data = AnnData(csr_matrix(VALUES.T.astype(np.float32)))
    data.obs_names, data.var_names = list(SAMPLES), list(GENES)
    data.write_h5ad(tmp_path / "a.h5ad")
    agree(read_matrix(tmp_path / "a.h5ad"))
    data.layers["counts"] = csr_matrix(VALUES.T.astype(np.float32))
    data.X = np.log2(VALUES.T + 1.5)
    data.var_names = [f"ENSG0000000000{i}" for i in range(3)]
    data.var["gene_name"] = list(GENES)
    data.write_h5ad(tmp_path / "b.h5ad")
    matrix, notes = read_matrix_with_notes(tmp_path / "b.h5ad", unit="counts")
    agree(matrix)
    assert notes == ("b.h5ad: the layer 'counts' was read",)
    assert read_matrix(tmp_path / "b.h5ad").unit == "log2"


def star(folder: Path, name: str, forward: tuple[int, ...], backward: tuple[int, ...]) -> None:
    head = [f"N_{w}\t7\t8\t9" for w in ("unmapped", "multimapping", "noFeature", "ambiguous")]
    rows = [f"{g}\t{a + b}\t{a}\t{b}" for g, a, b in zip(GENES, forward, backward, strict=True)]
    write(folder, "\n".join([*head, *rows]) + "\n", f"{name}ReadsPerGene.out.tab")


def test_star_file_and_folder(tmp_path: Path) -> None:
    for j, name in enumerate(SAMPLES):
        star(tmp_path, name + "_", tuple(VALUES[:, j] - VALUES[:, j] // 9), tuple(VALUES[:, j] // 9))
    matrix, notes = read_matrix_with_notes(tmp_path, unit="counts")
    agree(matrix)
    assert "N_unmapped" in notes[0]
    assert read_matrix(tmp_path / "s1_ReadsPerGene.out.tab").values[:, 0].tolist() == VALUES[:, 0].tolist()
    assert read_matrix(tmp_path, strand="forward").values.tolist() == (VALUES - VALUES // 9).tolist()
    assert any("choose strand 'forward'" in note for note in read_matrix_with_notes(tmp_path, strand="reverse")[1])
    write(tmp_path, "N_unmapped\t1\t1\t1\nERBB2\t3\t2\t1\n", "zReadsPerGene.out.tab")
    with pytest.raises(StudyError, match="one annotation"):
        read_matrix(tmp_path)
    write(tmp_path, "N_unmapped\t1\t1\t1\nERBB2\t3\tx\t1\n", "zReadsPerGene.out.tab")
    with pytest.raises(StudyError, match="three counts"):
        read_matrix(tmp_path)


NFCORE = (
    "gene_id\tgene_name\ts1\ts2\ts3\nENSG00000000001\tERBB2\t5\t0.2\t12\nENSG00000000002\tESR1\t6.8\t3\t1\n"
    "ENSG00000000003\tGAPDH\t100.4\t250\t30\n"
)


def test_estimated_counts_of_nfcore_are_rounded_and_said(tmp_path: Path) -> None:
    path = write(tmp_path, NFCORE, "salmon.merged.gene_counts.tsv")
    for unit in ("counts", None):
        matrix, notes = read_matrix_with_notes(path, unit=unit)
        agree(matrix)
        assert "rounded" in notes[-1]
    with pytest.raises(StudyError, match="fraction"):
        read_matrix(write(tmp_path, NFCORE.replace("gene_id\tgene_name", "id\tsymbol")), unit="counts")


def test_tpm_of_nfcore_are_not_taken_for_counts(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    values = rng.lognormal(2, 1, (60, 3))
    values *= 1e6 / values.sum(0)
    rows = [f"ENSG{i:011d}\tG{i}\t" + "\t".join(f"{v:.3f}" for v in row) for i, row in enumerate(values)]
    path = write(tmp_path, "\n".join(["gene_id\tgene_name\ts1\ts2\ts3", *rows]), "salmon.merged.gene_tpm.tsv")
    with pytest.raises(StudyError, match="TPM"):
        read_matrix(path, unit="counts")
    assert read_matrix(path).unit == "linear"


def test_a_symbol_on_several_rows_goes_to_the_one_with_most_counts(tmp_path: Path) -> None:
    text = (
        "gene_id\tgene_name\ts1\ts2\nENSG00000000001.3\tCD99\t0\t0\nENSG00000000002.1_PAR_Y\tCD99\t5\t9\n"
        "ENSG00000000003.9\t\t1\t1\n"
    )
    matrix, notes = read_matrix_with_notes(write(tmp_path, text))
    assert matrix.rows == ("ENSG00000000001", "CD99", "ENSG00000000003")
    assert any("1 symbol on several rows ('CD99')" in note for note in notes)
    assert read_matrix(write(tmp_path, text), names="id").rows[1] == "ENSG00000000002_PAR_Y"


def test_ensembl_names_of_unnamed_genes_among_symbols_are_usual(tmp_path: Path) -> None:
    rows = [f"G{i}\t1\t2" for i in range(50)] + ["ENSG00000299999\t3\t4"]
    matrix, notes = read_matrix_with_notes(write(tmp_path, "\n".join(["gene\ta\tb", *rows])))
    assert len(matrix.rows) == 51
    assert "without a symbol" in notes[0]


def test_spike_ins_among_ensembl_names_are_usual(tmp_path: Path) -> None:
    rows = [f"ENSG{i:011d}\t1\t2" for i in range(5)] + ["ERCC-00002\t3\t4"]
    assert len(read_matrix(write(tmp_path, "\n".join(["gene\ta\tb", *rows]))).rows) == 6


def replaced(old: str, new: str) -> str:
    assert old in PLAIN
    return PLAIN.replace(old, new)


BROKEN = {
    "empty file": ("", "is empty"),
    "only blanks": ("\n \n", "is empty"),
    "header only": ("gene\ts1\ts2\n", "a header and at least one gene"),
    "one column": ("gene\nERBB2\nESR1\n", "no separator found"),
    "mixed separators": (replaced("ESR1\t7\t3\t1", "ESR1,7,3,1"), "row 2 .*has 1 field between tabs"),
    "short line": (replaced("7\t3\t1", "7\t3"), "row 2 .* has 3 fields .*header 4"),
    "short line far down": (
        "g\ta\tb\n" + "".join(f"G{i}\t1\t2\n" for i in range(60)) + "X\t1\n",
        "line 62 .*has 2 fields, the others 3",
    ),
    "workbook": (b"PK\x03\x04" + b"x" * 50, "workbook or an archive"),
    "old workbook": (b"\xd0\xcf\x11\xe0" + b"x" * 50, "workbook"),
    "binary": (b"\x00\x01\x02\x03" * 20, "binary"),
    "damaged gzip": (gzip.compress(PLAIN.encode())[:30], "damaged"),
    "word": (replaced("\t3\t", "\tmany\t"), r"row 'ESR1' \(line 3\), column 's2' is 'many', which is not a number"),
    "decimal comma": (replaced("\t3\t", "\t3,5\t").replace("250", "2,5"), "'3,5', and 1 more such cell.*with a point"),
    "thousands comma": (replaced("250", "1,250"), "'1,250', which is not a number. Write thousands without a comma"),
    "count beyond bounds": (replaced("250", "1e20"), r"gene 'GAPDH' \(line 4\), sample 's2' is 1e\+20, above 2\^53"),
    "missing cell": (replaced("\t3\t", "\t\t"), r"row 'ESR1' \(line 3\), column 's2' is empty; every gene"),
    "NA": (replaced("\t3\t", "\tNA\t"), "column 's2' is empty"),
    "text column": (
        "\n".join(line + "\tcoding" for line in PLAIN.splitlines()),
        "column 'coding' holds text throughout",
    ),
    "duplicated gene": (replaced("ESR1", "ERBB2"), r"gene 'ERBB2' stands on 2 rows \(lines 2 and 3\), 1 such gene"),
    "duplicated sample": (replaced("s2", "s1"), "sample 's1' stands in columns 2 and 3"),
    "nameless sample": (replaced("s2", ""), "column 3 has no sample name"),
    "nameless gene": (replaced("ESR1", ""), r"row 2 \(line 3\) has no gene name"),
    "date": (replaced("ESR1", "1-Mar"), r"row '1-Mar' \(line 3\) .*spreadsheet.*MARCHF1 or MTARC1"),
    "date turned": (replaced("ESR1", "Mar-01"), "spreadsheet"),
    "date with blank": (replaced("ESR1", "Sep 2"), "spreadsheet"),
    "date in German": (replaced("ESR1", "2. Mrz").replace("2. Mrz", "2-Mrz"), "spreadsheet"),
    "full date": (replaced("ESR1", "2021-03-01"), "spreadsheet"),
    "date and time": (replaced("ESR1", "2021-09-02 00:00:00"), "spreadsheet"),
    "American date": (replaced("ESR1", "3/1/2021"), "spreadsheet"),
    "serial": (replaced("ESR1", "44621"), "row '44621'.*spreadsheet"),
    "clone as number": (replaced("ESR1", "2.31E+13"), "spreadsheet"),
    "Ensembl among symbols": (replaced("ESR1", "ENSG00000091831"), "'ENSG00000091831'.* another kind"),
    "symbol among Ensembl": (
        "g\ta\tb\n" + "".join(f"ENSG{i:011d}\t1\t2\n" for i in range(9)) + "ESR1\t1\t2\n",
        "row 'ESR1'.*another kind",
    ),
    "Entrez among symbols": (replaced("ESR1", "2099"), "row '2099'.*Entrez"),
    "turned": ("sample\tERBB2\tESR1\tGAPDH\ns1\t1\t2\t3\ns2\t1\t2\t3\n", "samples are in rows"),
    "GCT sizes": ("#1.2\n9\t3\nName\tDescription\ts1\ts2\ts3\nA\tna\t1\t2\t3\n", "announces 9 genes x 3"),
    "GCT without sizes": ("#1.2\nName\tDescription\ts1\nA\tna\t1\n", "holds 2 sizes"),
    "GCT cut short": ("#1.3\n3\t3\t1\t2\n", "sizes|ends before"),
    "negative": (replaced("\t3\t", "\t-3\t"), "gene 'ESR1', sample 's2' is -3, below 0"),
    "fraction": (replaced("\t3\t", "\t3.5\t"), "'ESR1', sample 's2' is 3.5, a fraction; counts are whole"),
    "logs": ("g\ta\tb\nA\t1.5\t2\nB\t11.2\t0\n", "these look like log values"),
    "more than a library has": (replaced("\t3\t", "\t10000000000\t"), r"is 1e\+10, above 2147483647"),
    "infinite": (replaced("\t3\t", "\tinf\t"), "not finite"),
    "sample without counts": ("g\ta\tb\nA\t0\t2\nB\t0\t4\n", "sample 'a' has no counts"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    content, words = BROKEN[name]
    with pytest.raises(StudyError, match=words) as caught:
        read_matrix(write(tmp_path, content), unit="counts")
    for problem in caught.value.problems:
        assert problem.startswith("counts.txt: ")
        assert problem.endswith(".")
        assert "\n" not in problem


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    text = PLAIN.replace("ESR1", "1-Mar").replace("250", "x").replace("GAPDH", "ERBB2")
    with pytest.raises(StudyError) as caught:
        read_matrix(write(tmp_path, text))
    assert len(caught.value.problems) == 3


def test_no_file_and_no_star_folder(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="No such file"):
        read_matrix(tmp_path / "nothing.tsv")
    with pytest.raises(StudyError, match="holds no"):
        read_matrix(tmp_path)
    star(tmp_path, "a", (1, 2, 3), (1, 2, 3))
    with pytest.raises(StudyError, match="strand 'up'"):
        read_matrix(tmp_path, strand="up")  # pyright: ignore[reportArgumentType]


def test_checks_of_counts_and_logs() -> None:
    counts = Matrix(VALUES, GENES, SAMPLES, "counts")
    logs = Matrix(np.log2(VALUES + 1.0), GENES, SAMPLES, "log2_cpm1")
    check_counts(counts)
    check_log(logs)
    with pytest.raises(StudyError, match="raw counts"):
        check_log(counts)
    with pytest.raises(StudyError, match="log values"):
        check_counts(logs)
    with pytest.raises(StudyError, match="no logarithms"):
        check_log(Matrix(VALUES * 1.1, GENES, SAMPLES, "linear"))
    with pytest.raises(StudyError, match="centred or log"):
        check_counts(Matrix(VALUES - 50.5, GENES, SAMPLES, "log2"))
    with pytest.raises(StudyError, match="not finite"):
        check_log(Matrix(np.log2(VALUES + 1.0) - np.inf, GENES, SAMPLES, "log2"))


def test_a_whole_trial_comes_back_exactly(shared_data: Path, tmp_path: Path) -> None:
    counts = np.load(shared_data / "oracles/trial_size/counts.npz")["counts"][:, :285]
    wide = np.concatenate([counts, counts[:, :7]], axis=1)
    frame = pd.DataFrame(wide, index=[f"G{i}" for i in range(len(wide))], columns=[f"S{j}" for j in range(292)])
    path = tmp_path / "counts.tsv.gz"
    path.write_bytes(gzip.compress(frame.to_csv(sep="\t").encode(), 1))
    matrix = read_matrix(path, unit="counts")
    np.testing.assert_array_equal(matrix.values, wide)


def test_real_tumours(shared_data: Path) -> None:
    matrix = read_matrix(shared_data / "data/tcga_her2_60/counts.csv.gz", unit="counts")
    assert matrix.values.shape == (20124, 60)
    assert "ERBB2" in matrix.rows
    sample = read_matrix(shared_data / "data/estimate_sample/sample_input.txt")
    assert sample.unit in ("log2", "linear")


def test_star_folders_below_a_folder_and_whatever_else_lies_there(tmp_path: Path) -> None:
    for j, name in enumerate(SAMPLES):
        (tmp_path / name).mkdir()
        star(tmp_path / name, f"{name}_", tuple(VALUES[:, j]), (0, 0, 0))
    (tmp_path / "logs").mkdir()
    (tmp_path / "xReadsPerGene.out.tab").mkdir()
    agree(read_matrix(tmp_path, unit="counts"))


def test_a_damaged_star_file_a_damaged_h5ad_and_a_damaged_parquet(tmp_path: Path) -> None:
    write(tmp_path, gzip.compress(PLAIN.encode())[:-9], "aReadsPerGene.out.tab.gz")
    with pytest.raises(StudyError, match="compressed file is damaged"):
        read_matrix(tmp_path)
    with pytest.raises(StudyError, match="a damaged H5AD file"):
        read_matrix(write(tmp_path, b"\x89HDF\r\n\x1a\n" + b"\0" * 300, "a.h5ad"))
    frame = pd.DataFrame(VALUES, index=pd.Index(GENES), columns=list(SAMPLES))
    frame.to_parquet(tmp_path / "a.parquet")
    whole = (tmp_path / "a.parquet").read_bytes()
    with pytest.raises(StudyError, match="damaged"):
        read_matrix(write(tmp_path, whole[:200], "b.parquet"))


def test_parquet_with_a_sample_twice(tmp_path: Path) -> None:
    columns = [pa.array(GENES), *(pa.array(VALUES[:, j]) for j in range(3))]
    pq.write_table(pa.Table.from_arrays(columns, names=["gene", "s1", "s1", "s2"]), tmp_path / "a.parquet")
    with pytest.raises(StudyError, match="heading 's1' stands twice"):
        read_matrix(tmp_path / "a.parquet")


def test_ensembl_identifiers_go_by_the_symbols_of_the_annotation() -> None:
    rows = (
        "ENSG00000141736.13",
        "ENSG00000091831",
        "ENSG00000299999",
        "ENSG00000002586.18",
        "ENSG00000002586.18_PAR_Y",
    )
    matrix = Matrix(np.arange(10).reshape(5, 2), rows, ("a", "b"), "counts")
    named, notes = by_symbol(matrix, "counts.tsv")
    assert named.rows == ("ERBB2", "ESR1", "ENSG00000299999", "CD99", "ENSG00000002586.18_PAR_Y")
    assert "3 of 5 go by their symbol" in notes[0]
    np.testing.assert_array_equal(named.values, matrix.values)


def test_of_two_genes_with_one_symbol_the_one_with_more_counts_carries_it() -> None:
    table = gene_annotation()["symbol"]
    name = table[table.duplicated(keep=False)].iloc[0]
    ids = tuple(table.index[table == name][:2])
    named, notes = by_symbol(Matrix(np.array([[1, 1], [5, 9]]), ids, ("a", "b"), "counts"), "x")
    assert named.rows == (ids[0], name)
    assert repr(name) in notes[0]


@pytest.mark.parametrize("rows", [GENES, ("ENSMUSG00000062312", "ENSMUSG00000019768"), ("ENSG00000299999",)])
def test_other_names_stay_as_they_are(rows: tuple[str, ...]) -> None:
    matrix = Matrix(np.ones((len(rows), 2)), rows, ("a", "b"), "counts")
    assert by_symbol(matrix, "x") == (matrix, ())
