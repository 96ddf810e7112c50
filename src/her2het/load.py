"""A study folder: study.toml and the files that it names, read and checked together, all problems told at once."""

import hashlib
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from her2het.config import StudyConfig, TableSection, file_problem, parse_config, read_toml
from her2het.io.gene_names import by_symbol, symbols_of
from her2het.io.gmt import read_gmt
from her2het.io.identifiers import find_identifiers
from her2het.io.matrix import read_matrix_with_notes
from her2het.io.matrix_formats import read_parquet_frame, star_files
from her2het.io.text_table import read_bytes, read_text_table
from her2het.plan import Plan
from her2het.schema import MISSING, Matrix, Note, Origin, StudyError, TableSpec, did_you_mean
from her2het.stats.gene_sets import identifier_kind
from her2het.stats.grouping import assign_groups, baseline_het, check_batches
from her2het.study import InputFile, Study, check_links, check_timepoints
from her2het.tables import TABLES

MISSPELT = 0.8  # how alike a heading and one of ours must be to be pointed out, from 0 to 1


@dataclass(frozen=True, eq=False)
class Opened:
    """What could be read of a study, and all that is wrong with it; `groups` as far as the tables decide them."""

    study: Study | None
    problems: tuple[str, ...]
    groups: pd.DataFrame | None = None


def load_study(place: Path, plan: Plan) -> Study:
    """Read and check a study folder (or a study.toml).

    :raises StudyError: with every problem found, one sentence each
    """
    opened = open_study(place, plan)
    if opened.study is None:
        raise StudyError(*opened.problems)
    return opened.study


def open_study(place: Path, plan: Plan) -> Opened:
    """Read and check a study folder; problems are collected, not raised."""
    toml = place if place.suffix == ".toml" else place / "study.toml"
    try:
        raw = read_toml(toml)
    except StudyError as e:
        return Opened(None, e.problems)
    config, knobs, problems = parse_config(raw, plan)
    if config is None:
        return Opened(None, tuple(problems))
    tables: dict[str, pd.DataFrame | Matrix] = {}
    inputs: list[InputFile] = []
    notes: list[Note] = []
    groups: pd.DataFrame | None = None
    for name, section in config.tables.items():
        if name not in TABLES or file_problem(section.file):
            continue
        try:
            tables[name], read, found = _read(name, section, config, toml.parent)
            inputs.append(read)
            notes += found
        except StudyError as e:
            problems += e.problems
    design = config.design()
    if not problems:
        problems += check_links(tables)
        samples, patients = tables["samples"], tables["patients"]
        if isinstance(samples, pd.DataFrame) and isinstance(patients, pd.DataFrame):
            problems += check_timepoints(samples, design)
            groups, found, bad = _check_groups(patients, samples, config)
            notes += found
            problems += bad
    if problems:
        return Opened(None, tuple(problems))
    settings = InputFile("", toml.name, 0, 0, hashlib.sha256(toml.read_bytes()).hexdigest())
    return Opened(Study(design, tables, knobs, tuple(inputs), tuple(notes), toml.parent, settings), (), groups)


def _check_groups(
    patients: pd.DataFrame, samples: pd.DataFrame, config: StudyConfig
) -> tuple[pd.DataFrame | None, tuple[Note, ...], list[str]]:
    design = config.design()
    if not design.groups:
        title = "No groups are defined"
        text = "study.toml has no [groups]: analyses that compare groups are skipped."
        return None, (Note("note", title, text),), []
    own = "het" in patients.columns
    het = None if own and "het" not in samples.columns else baseline_het(samples, design)
    try:
        groups = assign_groups(patients, het, design)
    except StudyError as e:
        return None, (), list(e.problems)
    return groups, check_batches(samples, groups), []


def _read(
    name: str, section: TableSection, config: StudyConfig, folder: Path
) -> tuple[pd.DataFrame | Matrix, InputFile, list[Note]]:
    path = folder / section.file
    if name in ("rna_counts", "signature"):
        return _read_matrix(name, section, path)
    if name == "gene_sets":
        return _read_sets(section, path)
    spec = TABLES[name]
    if name == "features":
        spec = replace(spec, columns={**spec.columns, **{n: c.column() for n, c in config.features.columns.items()}})
    frame, origin, digest = _raw_table(section, path)
    frame, origin = _rename(name, section, frame, origin)
    problems = find_identifiers(
        frame[[c for c in frame.columns if c not in spec.columns or c in spec.key]], name, spec.key
    )
    if section.distinct:
        frame, clashes = _distinct(name, spec, frame)
        problems += clashes
    typed, wrong = spec.examine(frame, origin)
    notes = [*_unread(spec, frame, origin), *_commas(spec, frame, origin)]
    if name == "fish_nuclei" and not wrong:
        notes += _nuclei_twice(typed)
    problems += wrong
    columns = len(typed.columns)
    if name == "patients" and not wrong:
        typed, made = _with_receptor(typed)
        notes += made
    if name == "features" and not wrong:
        problems += _check_features(typed)
    if problems:
        raise StudyError(*problems)
    return typed, InputFile(name, section.file, len(typed), columns, digest), notes


def _raw_table(section: TableSection, path: Path) -> tuple[pd.DataFrame, Origin, str]:
    if section.format == "parquet" or path.suffix in (".parquet", ".pq"):
        raw = read_bytes(path)
        frame = read_parquet_frame(path)
        frame.columns = [str(c) for c in frame.columns]
        return frame.reset_index(drop=True), Origin(path.name, 1), hashlib.sha256(raw).hexdigest()
    table = read_text_table(path)
    return table.frame, table.origin, table.sha256


def _rename(name: str, section: TableSection, frame: pd.DataFrame, origin: Origin) -> tuple[pd.DataFrame, Origin]:
    place = f"[tables.{name}]"
    for heading in [*section.columns.values(), *section.leave_out]:
        if heading not in frame.columns:
            has = ", ".join(frame.columns)
            hint = did_you_mean(heading, list(frame.columns))
            raise StudyError(f"{place}: heading {heading!r} is not in {origin.file}.{hint} It has {has}. Correct it.")
    frame = frame.drop(columns=list(section.leave_out))
    mapped = pd.DataFrame({ours: frame[theirs] for ours, theirs in section.columns.items()})
    if section.distinct:
        frame = mapped
    else:  # a heading that was mapped goes by our name; one that would stand in the way of ours gives way
        frame = frame.drop(
            columns=[*set(section.columns.values()), *(c for c in mapped if c in frame.columns)], errors="ignore"
        )
        frame = pd.concat([mapped, frame], axis=1)
    for column, values in section.values.items():
        if column not in frame.columns:
            raise StudyError(f"{place} values: column {column!r} is not in {origin.file}. Correct the name.")
        frame = frame.assign(**{column: frame[column].astype(str).str.strip().replace(values)})
    twice = [column for column in section.constant if column in frame.columns]
    if twice:
        raise StudyError(f"{place} constant: {origin.file} has a column {twice[0]!r} already. Remove one of the two.")
    return frame.assign(**section.constant), Origin(origin.file, origin.first_line, dict(section.columns))


def _distinct(name: str, spec: TableSpec, frame: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """One row per key: rows that repeat each other are one; rows of a key that differ are a problem."""
    unique = frame.drop_duplicates(ignore_index=True)
    key = list(spec.key)
    clash = unique[unique.duplicated(key, keep=False)]
    if clash.empty:
        return unique, []
    first = clash[clash[key[0]] == clash[key[0]].iloc[0]]
    differ = [c for c in unique.columns if c not in key and len(first[c].unique()) > 1]
    values = " and ".join(map(repr, first[differ[0]].unique()[:3]))
    return unique, [
        f"{name}: {key[0]} {first[key[0]].iloc[0]!r} has more than one {', '.join(differ)} "
        f"({values}). Leave {differ[0]} out of [tables.{name}.columns], "
        "or make the rows agree."
    ]


def _unread(spec: TableSpec, frame: pd.DataFrame, origin: Origin) -> list[Note]:
    """Headings that are not ours: those that look like one of ours misspelt, and those that are not read at all."""
    others = [str(name) for name in frame.columns if str(name) not in spec.columns]
    absent = [name for name in spec.columns if name not in frame.columns]
    notes: list[Note] = []
    for name in others:
        hint = did_you_mean(name, absent, MISSPELT)
        if hint:
            what = "kept as a further column" if spec.extra else "not read"
            remedy = f"Rename it, or map it under [tables.{spec.name}.columns]."
            text = f"Heading {name!r} of {origin.file} is {what}.{hint} {remedy}"
            notes.append(Note("caution", f"{spec.name}: a heading that may be misspelt", text))
    if others and not spec.extra:
        verb = "are" if len(others) > 1 else "is"
        text = f"{', '.join(map(repr, others))} of {origin.file} {verb} not used; known are {', '.join(spec.columns)}."
        notes.append(Note("note", f"{spec.name}: columns that are not read", text))
    return notes


def _commas(spec: TableSpec, frame: pd.DataFrame, origin: Origin) -> list[Note]:
    """Further columns whose values are all whole or have a decimal comma, which would be read as text."""
    found: list[Note] = []
    for name in (str(c) for c in frame.columns if spec.extra and str(c) not in spec.columns):
        given = frame[name].astype("string").str.strip()
        given = given[given.notna() & ~given.str.lower().isin(MISSING)]
        comma = given[given.str.fullmatch(r"-?\d+,\d+").astype(bool)]
        if len(comma) and given.str.fullmatch(r"-?\d+(,\d+)?").all():
            text = (
                f"Values of {name!r} of {origin.file}, such as {comma.iloc[0]!r}, are read as text. "
                "If they are numbers, write decimals with a point."
            )
            found.append(Note("caution", f"{spec.name}: decimal commas", text))
    return found


def _nuclei_twice(nuclei: pd.DataFrame) -> list[Note]:
    """Nuclei with a number that stand in several rows: each row is counted."""
    key = [c for c in ("sample", "area", "nucleus", "observer") if c in nuclei.columns]
    if "nucleus" not in key:
        return []
    numbered = nuclei[nuclei["nucleus"].notna()]
    again = numbered[numbered.duplicated(key)]
    if again.empty:
        return []
    first = ", ".join(f"{c} {again[c].iloc[0]!r}" for c in key if pd.notna(again[c].iloc[0]))
    text = f"{first} stands in more than one row; {len(again):,} such rows are counted as nuclei of their own."
    return [Note("caution", "fish_nuclei: nuclei that stand twice", text)]


def _with_receptor(patients: pd.DataFrame) -> tuple[pd.DataFrame, list[Note]]:
    """Hormone receptor of ER and PR where the study gives both and not `hr`: positive where either is."""
    given = [c for c in ("er", "pr") if c in patients.columns and patients[c].notna().any()]
    if len(given) < 2 or ("hr" in patients.columns and patients["hr"].notna().any()):
        return patients, []
    text = "The patients have er and pr and no hr: a patient is positive where either is, negative where neither is."
    note = Note("note", "Hormone receptor made of ER and PR", text)
    return patients.assign(hr=patients["er"] | patients["pr"]), [note]


def _check_features(frame: pd.DataFrame) -> list[str]:
    keys = [k for k in ("sample", "patient") if k in frame.columns and frame[k].notna().any()]
    if not keys:
        return ["features: neither a sample nor a patient column has values. Add the one that the rows are about."]
    key = keys[0]
    twice = frame[key].dropna()[frame[key].dropna().duplicated()]
    if len(twice):
        return [
            f"features.{key}: {twice.iloc[0]!r} stands in {len(twice) + 1} rows; one row each is needed. Merge them."
        ]
    return []


def _read_matrix(name: str, section: TableSection, path: Path) -> tuple[Matrix, InputFile, list[Note]]:
    unit = "counts" if name == "rna_counts" else None
    matrix, told = read_matrix_with_notes(path, unit=unit, strand=section.strand)
    renaming = section.values.get("sample", {})
    columns = tuple(renaming.get(c, c) for c in matrix.columns)
    twice = [c for c, n in Counter(columns).items() if n > 1]
    if twice:
        raise StudyError(
            f"[tables.{name}] values: two samples of {path.name} become {twice[0]!r}. Correct one of them."
        )
    matrix, named = by_symbol(Matrix(matrix.values, matrix.rows, columns, matrix.unit), path.name)
    digest = hashlib.sha256()
    for file in star_files(path) if path.is_dir() else [path]:
        digest.update(file.read_bytes())
    notes = [Note("note", f"Reading {section.file}", text) for text in (*told, *named)]
    return matrix, InputFile(name, section.file, len(matrix.rows), len(matrix.columns), digest.hexdigest()), notes


def _read_sets(section: TableSection, path: Path) -> tuple[pd.DataFrame, InputFile, list[Note]]:
    sets, notes = _sets_by_symbol(path)
    rows = [(name, gene) for name, genes in sets.items() for gene in genes]
    frame = pd.DataFrame(rows, columns=pd.Index(["set", "gene"])).astype("string")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return frame, InputFile("gene_sets", section.file, len(sets), frame["gene"].nunique(), digest), notes


def _sets_by_symbol(path: Path) -> tuple[dict[str, tuple[str, ...]], list[Note]]:
    """The sets of a GMT file by symbol; Ensembl identifiers go by the symbol of the shipped annotation."""
    sets = read_gmt(path)
    genes = list(dict.fromkeys(gene for members in sets.values() for gene in members))
    if identifier_kind(genes) != "Ensembl":
        return read_gmt(path, identifiers="symbol"), []
    symbol = {gene: name or gene for gene, name in zip(genes, symbols_of(genes), strict=True)}
    named = sum(gene != name for gene, name in symbol.items())
    text = f"Genes are Ensembl identifiers; {named:,} of {len(genes):,} go by their symbol (Ensembl 87 and HGNC)."
    by_name = {name: tuple(dict.fromkeys(symbol[gene] for gene in members)) for name, members in sets.items()}
    return by_name, [Note("note", f"Reading {path.name}", text)]
