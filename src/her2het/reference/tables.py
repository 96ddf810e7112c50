"""Loaders of the tables of published facts in `data/`.

Each table is read once per process; callers get a copy (frames) or an immutable value, so nobody can change a fact.
`manifest()` names source, version, DOI and licence of each file.
"""

import csv
import gzip
import hashlib
import io
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import pandas as pd

PAM50_SUBTYPES = ("Basal", "Her2", "LumA", "LumB", "Normal")
ROR_LARGE_CM = 2.0  # size above which T of the models is 1. Parker et al. 2009, doi 10.1200/JCO.2008.18.1370


@dataclass(frozen=True)
class Source:
    """Where a table of `data/` comes from: what it holds, its source, version, DOI, licence and SHA-256."""

    file: str
    content: str
    source: str
    version: str
    doi: str
    licence: str
    sha256: str


@dataclass(frozen=True)
class RorModel:
    """One published model of the PAM50 risk of relapse.

    risk = Σ correlation[s] · r(s) + tumour_size · T + proliferation · P, where r(s) is the Spearman correlation with
    the centroid of subtype s (order of `PAM50_SUBTYPES`; Normal counts 0), T is 0 up to 2 cm and 1 above, and P is
    the proliferation score. Reported as 100 · (risk + offset) / span; low below `low_below`, high above `high_above`
    (both on risk). Parker et al. 2009, doi 10.1200/JCO.2008.18.1370.
    """

    name: str
    correlation: tuple[float, float, float, float, float]
    tumour_size: float | None
    proliferation: float | None
    low_below: float
    high_above: float
    offset: float
    span: float


def data_bytes(name: str) -> bytes:
    """Return the bytes of one file of `reference/data/`."""
    return files("her2het.reference").joinpath("data", name).read_bytes()


def manifest() -> dict[str, Source]:
    """Return source, version, DOI, licence and checksum of every table, by file name."""
    entries = tomllib.loads(data_bytes("manifest.toml").decode("utf-8"))
    return {name: Source(file=name, **entry) for name, entry in entries.items()}


def sha256_of(name: str) -> str:
    """Return the SHA-256 of one file of `reference/data/`, in hexadecimal."""
    return hashlib.sha256(data_bytes(name)).hexdigest()


@cache
def _frame(name: str, index: str | None = None) -> pd.DataFrame:
    raw = data_bytes(name)
    text = gzip.decompress(raw) if name.endswith(".gz") else raw
    table = pd.read_csv(
        io.BytesIO(text), sep="\t", comment="#", keep_default_na=False, na_values=[""], float_precision="round_trip"
    )
    return table if index is None else table.set_index(index)


def pam50_centroids() -> pd.DataFrame:
    """Return the PAM50 centroids: index `symbol` (current), columns symbol_in_publication, entrez, proliferation
    (bool: one of the 11 genes of the proliferation score) and the five subtypes of `PAM50_SUBTYPES`."""
    return _frame("pam50_centroids.tsv", "symbol").astype({"proliferation": bool})


@cache
def pam50_ror() -> tuple[RorModel, ...]:
    """Return the four published risk-of-relapse models: ROR-S, ROR-P, ROR-C and ROR-PC."""
    lines = [line for line in data_bytes("pam50_ror.tsv").decode("utf-8").splitlines() if line[:1] != "#"]

    def model(row: dict[str, str]) -> RorModel:
        return RorModel(
            name=row["model"],
            correlation=(float(row["Basal"]), float(row["Her2"]), float(row["LumA"]), float(row["LumB"]), 0.0),
            tumour_size=float(row["tumour_size"]) if row["tumour_size"] else None,
            proliferation=float(row["proliferation"]) if row["proliferation"] else None,
            low_below=float(row["low_below"]),
            high_above=float(row["high_above"]),
            offset=float(row["offset"]),
            span=float(row["span"]),
        )

    return tuple(model(row) for row in csv.DictReader(lines, delimiter="\t"))


@cache
def her2_positive_subtypes() -> MappingProxyType[str, float]:
    """Return the shares of the PAM50 subtypes among HER2-positive tumours (PAMELA, n = 151); they sum to 1."""
    table = _frame("her2_positive_subtypes.tsv", "subtype")["share"]
    return MappingProxyType({name: float(table[name] / table.sum()) for name in PAM50_SUBTYPES})


def pam50_aliases() -> MappingProxyType[str, str]:
    """Return the PAM50 genes that were renamed: symbol in the publication -> current symbol."""
    return _renamed("pam50_centroids.tsv")


@cache
def estimate_signatures() -> MappingProxyType[str, tuple[str, ...]]:
    """Return ESTIMATE's signatures, "stromal" and "immune", as tuples of 141 current symbols each."""
    table = _frame("estimate_genes.tsv")
    return MappingProxyType({str(name): tuple(genes["symbol"]) for name, genes in table.groupby("signature")})


def estimate_aliases() -> MappingProxyType[str, str]:
    """Return the ESTIMATE signature genes that were renamed: symbol in the publication -> current symbol."""
    return _renamed("estimate_genes.tsv")


def estimate_common_genes() -> pd.DataFrame:
    """Return the 10,412 genes to which ESTIMATE restricts a matrix: columns symbol (of the publication), entrez."""
    return _frame("estimate_common_genes.tsv").copy()


@cache
def erbb_pi3k_sets() -> MappingProxyType[str, tuple[str, ...]]:
    """Return the Reactome ERBB/PI3K and related pathways that the trial paper names: set -> symbols."""
    lines = [line for line in data_bytes("erbb_pi3k_sets.gmt").decode("utf-8").splitlines() if line[:1] != "#"]
    return MappingProxyType({name: tuple(genes) for name, _, *genes in (line.split("\t") for line in lines)})


def gene_annotation() -> pd.DataFrame:
    """Return 57,905 human genes: index `ensembl` (id without version), columns symbol, protein_coding (bool)."""
    return _frame("genes.tsv.gz", "ensembl").astype({"protein_coding": bool})


@cache
def _renamed(name: str) -> MappingProxyType[str, str]:
    table = _frame(name).astype(str)
    changed = table[table["symbol"] != table["symbol_in_publication"]]
    return MappingProxyType(dict(zip(changed["symbol_in_publication"], changed["symbol"], strict=True)))
