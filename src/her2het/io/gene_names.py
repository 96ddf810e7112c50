"""Gene identifiers as they come: which kind, which name a row goes by, what a spreadsheet did to them."""

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from her2het.io.raw_matrix import RawMatrix, counted, listed
from her2het.reference.tables import gene_annotation
from her2het.schema import Matrix

ENSEMBL = re.compile(r"ENS[A-Z]{0,4}G\d{11}(\.\d+)?(_PAR_Y)?")
VERSION = re.compile(r"(ENS[A-Z]{0,4}G\d{11})\.\d+(_PAR_Y)?")
MONTHS = (
    *("jan", "january", "feb", "february", "mar", "march", "apr", "april", "may", "jun", "june", "jul", "july", "aug"),
    *("august", "sep", "sept", "september", "oct", "october", "nov", "november", "dec", "december", "mrz", "märz"),
    *("mai", "okt", "dez", "janv", "févr", "mars", "avr", "juin", "juil", "août", "déc", "ene", "abr", "ago", "dic"),
    *("gen", "mag", "giu", "lug", "set", "ott"),
)
_MONTH = "(?:" + "|".join(MONTHS) + r")\.?"
MANGLED = re.compile(
    rf"\d{{1,2}}[-. ]{_MONTH}|{_MONTH}[- ]\d{{1,2}}|\d{{4}}-\d{{2}}-\d{{2}}(?: 00:00:00)?|\d{{1,2}}/\d{{1,2}}/\d{{2,4}}"
    r"|\d(?:[.,]\d+)?E[+-]\d+",
    re.IGNORECASE,
)
SERIAL = range(36_526, 51_500)  # days since 1900 of the years 2000 to 2040
SYMBOL_HEADINGS = frozenset(
    {
        *("symbol", "symbols", "gene_name", "gene_names", "gene_symbol", "gene_symbols", "genesymbol", "hgnc_symbol"),
        *("hugo_symbol", "external_gene_name", "genename", "name", "gene"),
    }
)
WELL_KNOWN = frozenset({"ERBB2", "ESR1", "GAPDH", "ACTB", "CD8A", "TP53", "ENSG00000141736", "ENSG00000111640"})


def kind(name: str) -> str:
    """'Ensembl', 'number' (Entrez or a spreadsheet's date) or 'symbol'."""
    if ENSEMBL.fullmatch(name):
        return "Ensembl"
    return "number" if name.isdecimal() else "symbol"


def mangled(names: list[str]) -> list[int]:
    """Rows whose name a spreadsheet turned into a date or a number ('1-Mar', '44621', '2.31E+13')."""
    numbers_usual = sum(name.isdecimal() for name in names) > len(names) / 2
    found: list[int] = []
    for i, name in enumerate(names):
        if not name or (name[0].isalpha() and "-" not in name and " " not in name):
            continue  # nearly all names: no need to match them
        if MANGLED.fullmatch(name) or (not numbers_usual and name.isdecimal() and int(name) in SERIAL):
            found.append(i)
    return found


def row_names(raw: RawMatrix, prefer: str) -> tuple[list[str], tuple[str, ...], tuple[str, ...]]:
    """The name each row goes by, the problems with names, and the notes.

    Where an Ensembl column stands beside a symbol column, a row goes by its symbol (`prefer` "symbol"): of several
    rows with one symbol the one with the largest total carries it, the others keep their identifier.
    """
    notes: list[str] = []
    problems: list[str] = []
    ident, symbol = _columns(raw)
    base = raw.ids[ident][1]
    bad = mangled(base) if symbol is None else mangled(raw.ids[symbol][1])
    if bad:
        names = base if symbol is None else raw.ids[symbol][1]
        problems.append(
            f"{raw.place}: row {names[bad[0]]!r}{raw.at(bad[0])} is a gene name that a spreadsheet turned into a date "
            f"or number ({counted(len(bad), 'such row')}: {listed([names[i] for i in bad])}); what it was cannot be "
            "known (1-Mar is MARCHF1 or MTARC1). Take the names from the original file."
        )
    empty = [i for i, name in enumerate(base) if not name]
    if empty:
        problems.append(
            f"{raw.place}: row {empty[0] + 1}{raw.at(empty[0])} has no gene name, {counted(len(empty), 'such row')}. "
            "Name the gene or remove the row."
        )
    ids, versions = _without_versions(base)
    if versions:
        notes.append(f"the version was taken off {counted(versions, 'Ensembl identifier')}")
    left_out = [heading for i, (heading, _) in enumerate(raw.ids) if i not in (ident, symbol)]
    if left_out:
        notes.append(f"the columns {listed(left_out, 6)} beside the gene names are left out")
    if symbol is None:
        problems += _mixed(raw, base, notes)
        problems += _repeated(raw, ids)
        return ids, tuple(problems), tuple(notes)
    problems += _repeated(raw, ids)
    if prefer == "id" or problems:
        return ids, tuple(problems), tuple(notes)
    names, shared = _symbols(ids, raw.ids[symbol][1], raw.values)
    if shared:
        notes.append(
            f"{counted(len(shared), 'symbol')} on several rows ({listed(shared)}): the row with the most counts "
            "carries the symbol, the others go by their identifier"
        )
    return names, tuple(problems), tuple(notes)


def by_symbol(matrix: Matrix, place: str) -> tuple[Matrix, tuple[str, ...]]:
    """The matrix with human Ensembl identifiers replaced by the symbols of the shipped annotation, and what was done.

    Only where most rows are such identifiers. Of several rows with one symbol the one with the largest total carries
    it; the others, and genes without a symbol, keep their identifier.
    """
    ids = list(matrix.rows)
    if 2 * sum(kind(name) == "Ensembl" for name in ids) < len(ids):
        return matrix, ()
    symbols = symbols_of(ids)
    if not any(symbols):
        return matrix, ()
    names, shared = _symbols(ids, symbols, matrix.values)
    named = sum(a != b for a, b in zip(names, ids, strict=True))
    note = (
        f"{place}: genes are Ensembl identifiers; {named:,} of {len(ids):,} go by their symbol (Ensembl 87 and HGNC), "
        "the others by their identifier"
    )
    if shared:
        note += f"; where several rows have one symbol ({listed(shared)}), the one with the most counts carries it"
    return Matrix(matrix.values, tuple(names), matrix.columns, matrix.unit), (note,)


def symbols_of(ids: Sequence[str]) -> list[str]:
    """The symbol of each human Ensembl identifier, with or without version; '' where there is none."""
    table = gene_annotation()["symbol"]
    symbol = dict(zip(table.index.astype(str), table.astype(str), strict=True))
    return [symbol.get(VERSION.sub(r"\1\2", name), "") for name in ids]


def _columns(raw: RawMatrix) -> tuple[int, int | None]:
    """Which text column holds the identifier and which, if any, the symbol."""
    if len(raw.ids) == 1:
        return 0, None
    share = [np.mean([bool(ENSEMBL.fullmatch(name)) for name in names[:500]] or [0.0]) for _, names in raw.ids]
    symbols = [i for i, (heading, _) in enumerate(raw.ids) if heading.lower() in SYMBOL_HEADINGS and share[i] < 0.5]
    ensembl = [i for i, s in enumerate(share) if s >= 0.5]
    if ensembl:
        by_position = [i for i in range(len(raw.ids)) if i not in ensembl] if raw.form == "GCT" else []
        found = symbols or by_position
        return ensembl[0], found[0] if found else None
    return 0, None


def _without_versions(names: list[str]) -> tuple[list[str], int]:
    """Ensembl identifiers without '.12', unless two would become one."""
    if not any(name.startswith("ENS") and "." in name for name in names[:1000]):
        return names, 0
    short = [VERSION.sub(r"\1\2", name) for name in names]
    if len(set(short)) < len(set(names)):
        return names, 0
    return short, sum(a != b for a, b in zip(short, names, strict=True))


def _symbols(ids: list[str], symbols: list[str], values: NDArray[np.generic]) -> tuple[list[str], list[str]]:
    many = {name for name, n in Counter(symbols).items() if n > 1 and name}
    total = values.sum(axis=1)
    carrier: dict[str, int] = {}
    for i, name in enumerate(symbols):
        if name in many and (name not in carrier or total[i] > total[carrier[name]]):
            carrier[name] = i
    taken = set(ids)
    names = [
        name if name and name not in taken and (name not in many or carrier[name] == i) else ids[i]
        for i, name in enumerate(symbols)
    ]
    return names, sorted(many)


def _mixed(raw: RawMatrix, names: list[str], notes: list[str]) -> list[str]:
    kinds = np.array([kind(name) for name in names])
    ensembl, number = kinds == "Ensembl", kinds == "number"
    symbol = ~ensembl & ~number & np.array([not name.startswith("ERCC-") for name in names])
    if ensembl.any() and symbol.any():
        few = 0.005 * len(names)
        if ensembl.sum() <= symbol.sum():
            minor = np.flatnonzero(ensembl)[~_nameless([names[i] for i in np.flatnonzero(ensembl)])]
        else:
            minor = np.flatnonzero(symbol)
        if len(minor) > few:
            counts = f"{int(ensembl.sum()):,} rows are Ensembl identifiers and {int(symbol.sum()):,} are other names"
            return [_mix(raw, names[minor[0]], int(minor[0]), counts)]
        if ensembl.sum() <= symbol.sum():
            notes.append(f"{counted(int(ensembl.sum()), 'gene')} without a symbol go by their Ensembl identifier")
    numbers = [i for i in np.flatnonzero(number) if int(names[i]) not in SERIAL or number.mean() > 0.5]
    if numbers and number.sum() < len(names):
        minor = numbers[0] if number.sum() <= len(names) / 2 else int(np.flatnonzero(~number)[0])
        rest = int((~number).sum())
        counts = f"{int(number.sum()):,} rows are numbers (Entrez identifiers?) and {rest:,} are other names"
        return [_mix(raw, names[minor], int(minor), counts)]
    return []


def _nameless(ids: list[str]) -> NDArray[np.bool_]:
    """Ensembl genes that have no symbol, so that their identifier is the only name they have."""
    table = gene_annotation()
    clone = table["symbol"].str.contains(r"^(?:[A-Z]{2}\d{6}|RP\d+-|CT[ABCD]-|KB-|LL|XX)", regex=True)
    unnamed = set(table.index[~table["protein_coding"] | clone])
    newest = max(table.index)
    plain = [VERSION.sub(r"\1", name)[:15] for name in ids]
    return np.array([name in unnamed or name > newest for name in plain], dtype=bool)


def _mix(raw: RawMatrix, name: str, row: int, counts: str) -> str:
    return (
        f"{raw.place}: row {name!r}{raw.at(row)} is of another kind than the rest: {counts}. Give one kind, or Ensembl "
        "identifiers with a second column 'symbol'."
    )


def _repeated(raw: RawMatrix, names: list[str]) -> list[str]:
    many = [name for name, n in Counter(names).items() if n > 1 and name]
    if not many:
        return []
    rows = [i for i, name in enumerate(names) if name == many[0]]
    where = f" (lines {raw.lines[rows[0]]} and {raw.lines[rows[1]]})" if raw.lines is not None else ""
    return [
        f"{raw.place}: gene {many[0]!r} stands on {len(rows)} rows{where}, {counted(len(many), 'such gene')}; each may "
        "stand once. Sum or rename them, or give Ensembl identifiers with a second column 'symbol'."
    ]
