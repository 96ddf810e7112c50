"""Tables of published facts: complete, described, and unchanged."""

from importlib.resources import files

import pytest

from her2het.reference import tables


def test_every_file_has_an_entry_and_every_entry_a_file() -> None:
    present = {p.name for p in files("her2het.reference").joinpath("data").iterdir() if p.is_file()}
    assert present - {"manifest.toml"} == set(tables.manifest())


@pytest.mark.parametrize("name", sorted(tables.manifest()))
def test_checksum(name: str) -> None:
    assert tables.sha256_of(name) == tables.manifest()[name].sha256


@pytest.mark.parametrize("name", sorted(tables.manifest()))
def test_entry_says_where_it_comes_from(name: str) -> None:
    entry = tables.manifest()[name]
    assert all([entry.content, entry.source, entry.version, entry.licence])


def test_pam50() -> None:
    table = tables.pam50_centroids()
    assert table.shape == (50, 8)
    assert table["proliferation"].sum() == 11
    assert tables.pam50_aliases() == {"CDCA1": "NUF2", "KNTC2": "NDC80", "ORC6L": "ORC6"}
    # basal by the paper's text, luminal in this model
    assert str(table.loc["SLC39A6", list(tables.PAM50_SUBTYPES)].astype(float).idxmax()) == "LumA"
    assert str(table.loc["NDC80", list(tables.PAM50_SUBTYPES)].astype(float).idxmax()) == "Basal"


def test_her2_positive_mix() -> None:
    mix = tables.her2_positive_subtypes()
    assert tuple(mix) == tables.PAM50_SUBTYPES
    assert sum(mix.values()) == pytest.approx(1)
    assert mix["Her2"] == pytest.approx(0.67 / 1.01)


def test_ror_models() -> None:
    models = {m.name: m for m in tables.pam50_ror()}
    assert list(models) == ["ROR-S", "ROR-P", "ROR-C", "ROR-PC"]
    assert models["ROR-S"].tumour_size is None
    assert models["ROR-S"].proliferation is None
    assert models["ROR-PC"].tumour_size == 0.131605960
    assert models["ROR-P"].correlation[1] == 0.0692289192


def test_estimate() -> None:
    signatures = tables.estimate_signatures()
    assert {name: len(genes) for name, genes in signatures.items()} == {"immune": 141, "stromal": 141}
    assert not set(signatures["immune"]) & set(signatures["stromal"])
    assert len(tables.estimate_aliases()) == 6
    assert tables.estimate_aliases()["FYB"] == "FYB1"
    assert len(tables.estimate_common_genes()) == 10_412


def test_pathways_and_genes() -> None:
    sets = tables.erbb_pi3k_sets()
    assert len(sets) == 16
    assert "ERBB2" in sets["REACTOME_PI3K_EVENTS_IN_ERBB2_SIGNALING"]
    genes = tables.gene_annotation()
    assert len(genes) == 57_905
    assert genes.loc["ENSG00000141736", "symbol"] == "ERBB2"
    assert genes["protein_coding"].sum() == 17_980


def test_a_caller_cannot_change_a_fact() -> None:
    mine = tables.pam50_centroids()
    mine.loc["ERBB2", "Basal"] = 9.0
    assert tables.pam50_centroids().loc["ERBB2", "Basal"] == -0.808354
