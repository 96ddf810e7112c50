"""Read gene sets in GMT (MSigDB, Reactome, KEGG, BioCarta): set, description, genes, separated by tabs."""

import gzip
import zlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from her2het.io.gene_names import kind, mangled
from her2het.io.raw_matrix import counted, listed
from her2het.schema import StudyError

Identifier = Literal["symbol", "Entrez", "Ensembl"]
KINDS: Mapping[str, Identifier] = {"symbol": "symbol", "number": "Entrez", "Ensembl": "Ensembl"}
MOST = 0.9  # of the genes of a file must be of one kind


def read_gmt(path: Path | str, *, identifiers: Identifier | None = None) -> dict[str, tuple[str, ...]]:
    """The sets of a GMT file by name, each with its genes in the order of the file, every gene once.

    `identifiers`: the kind of gene names that is needed; None takes any one kind. Lines that begin with # and empty
    lines are passed over; gzip is read as it is.
    :raises StudyError: for a file that is no GMT, a set that stands twice or has no gene, gene names that a
        spreadsheet changed, names of several kinds, or of another kind than `identifiers`
    """
    file = Path(path)
    sets: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(_lines(file), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, genes = _set(line, f"{file.name}: line {number}")
        if name in sets:
            raise StudyError(f"{file.name}: set {name!r} stands twice (again in line {number}). Rename or remove one.")
        sets[name] = genes
    if not sets:
        raise StudyError(f"{file.name}: no gene set in the file. Give lines of set, description and genes.")
    found = _kind(sets, file.name)
    if identifiers is not None and found != identifiers:
        example = next(iter(sets.values()))[0]
        raise StudyError(
            f"{file.name}: genes are given as {found} identifiers ({example!r}), needed is {identifiers}. "
            "Take the file of the same sets in that identifier."
        )
    return sets


def _lines(file: Path) -> list[str]:
    try:
        data = file.read_bytes()
        text = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
        return text.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise StudyError(f"{file.name}: this is no text file. Give gene sets in GMT.") from None
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise StudyError(f"{file}: {reason}. Check the path.") from None


def _set(line: str, place: str) -> tuple[str, tuple[str, ...]]:
    name, *rest = (field.strip() for field in line.split("\t"))
    if not rest:
        raise StudyError(f"{place} has no tab. Give set, description and genes, separated by tabs (GMT).")
    genes = tuple(dict.fromkeys(gene for gene in rest[1:] if gene))
    if not name or not genes:
        raise StudyError(f"{place}: set {name!r} has {len(genes)} genes. Give set, description and genes.")
    return name, genes


def _kind(sets: Mapping[str, tuple[str, ...]], place: str) -> Identifier:
    genes = list(dict.fromkeys(gene for members in sets.values() for gene in members))
    bad = [genes[i] for i in mangled(genes)]
    if bad:
        raise StudyError(
            f"{place}: {counted(len(bad), 'gene name')} became a date or number in a spreadsheet ({listed(bad)}). "
            "Take the file from its source again."
        )
    kinds = Counter(kind(gene) for gene in genes)
    most, number = kinds.most_common(1)[0]
    if number < MOST * len(genes):
        parts = ", ".join(f"{n:,} {KINDS[k]}" for k, n in kinds.most_common())
        raise StudyError(f"{place}: gene names of several kinds ({parts}). Give one kind.")
    return KINDS[most]
