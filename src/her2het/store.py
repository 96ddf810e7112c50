"""Results on disk: frames as Parquet, matrices as plain arrays, the rest as JSON; and the digests that name them."""

import dataclasses
import hashlib
import importlib.metadata
import importlib.util
import json
import math
import os
import platform
import re
import shutil
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np
import pandas as pd

from her2het.schema import Matrix
from her2het.stats.units import PerUnit

T = TypeVar("T")
PACKAGE = Path(__file__).parent
NUMERICAL = ("numpy", "scipy", "pandas", "numba", "llvmlite", "pyarrow", "statsmodels")
RECORD = "result.json"
PLAIN_IMPORT = re.compile(r"^[ \t]*import (her2het[\w.]*)", re.MULTILINE)
FROM_IMPORT = re.compile(r"^[ \t]*from (her2het[\w.]*) import (\([^)]*\)|[^\n]*)", re.MULTILINE)


class Unreadable(Exception):
    """A result on disk that is damaged, incomplete, or was changed after it was written."""


def digest(*parts: Any) -> str:
    """A name for content: sha256 over dtypes and bytes. :raises TypeError: for a type that it does not know"""
    h = hashlib.sha256()
    for part in parts:
        _feed(h, part)
    return h.hexdigest()


def _feed(h: Any, part: Any) -> None:
    if isinstance(part, pd.DataFrame):
        h.update(b"frame")
        for name in part.columns:
            _feed(h, str(name))
            _feed_series(h, part[name])
    elif isinstance(part, Matrix):
        h.update(b"matrix")
        for inner in (part.unit, part.rows, part.columns, part.values):
            _feed(h, inner)
    elif isinstance(part, np.ndarray):
        h.update(f"array{part.dtype}{part.shape}".encode())
        h.update(np.ascontiguousarray(part).tobytes())
    elif isinstance(part, Mapping):
        h.update(b"mapping")
        for key in sorted(part, key=str):
            _feed(h, str(key))
            _feed(h, part[key])
    elif isinstance(part, list | tuple):
        h.update(f"sequence{len(part)}".encode())
        for inner in part:
            _feed(h, inner)
    elif dataclasses.is_dataclass(part) and not isinstance(part, type):
        h.update(type(part).__name__.encode())
        for f in dataclasses.fields(part):
            _feed(h, getattr(part, f.name))
    elif isinstance(part, Enum):
        _feed(h, part.value)
    elif isinstance(part, str | bytes | bool | int | float | type(None)):
        text = part if isinstance(part, bytes) else f"{type(part).__name__}:{part!r}".encode()
        h.update(str(len(text)).encode() + b":" + text)
    else:
        raise TypeError(f"no digest is defined for {type(part).__name__}")


def _feed_series(h: Any, series: pd.Series) -> None:
    h.update(f"{series.dtype}{len(series)}".encode())
    if isinstance(series.dtype, np.dtype) and series.dtype != object:
        h.update(np.ascontiguousarray(series.to_numpy()).tobytes())
        return
    if isinstance(series.dtype, pd.CategoricalDtype):
        _feed(h, tuple(map(str, series.cat.categories)))
        h.update(series.cat.codes.to_numpy().tobytes())
        return
    missing = series.isna().to_numpy()
    h.update(missing.tobytes())
    if isinstance(series.dtype, pd.StringDtype) or series.dtype == object:
        texts = [str(v).encode() for v in series[~missing]]
        h.update(np.array([len(t) for t in texts], dtype=np.int64).tobytes())
        h.update(b"".join(texts))
    else:
        h.update(series[~missing].to_numpy().astype(float).tobytes())


@cache
def code_digest(module: str) -> str:
    """The sources that a module is made of: its own and those of ours that it imports, directly or not."""
    found: dict[str, str] = {}
    stack = [module]
    while stack:
        name = stack.pop()
        if name in found or not name.startswith("her2het"):
            continue
        source = _source(name)
        if source is not None:
            found[name], imports = source
            stack += imports
    reference = PACKAGE / "reference" / "data" / "manifest.toml"
    if any(name.startswith("her2het.reference") for name in found) and reference.exists():
        found["reference data"] = hashlib.sha256(reference.read_bytes()).hexdigest()
    return digest(found)


@cache
def _source(name: str) -> tuple[str, tuple[str, ...]] | None:
    """The digest of a module's source and what it imports of ours; None where it has no source."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return None
    source = Path(spec.origin).read_bytes()
    return hashlib.sha256(source).hexdigest(), tuple(imports_of(source.decode("utf-8")))


def imports_of(source: str) -> list[str]:
    """The modules of ours that a source imports, wherever it does; by their lines, ten times as fast as by parsing."""
    found = [m.group(1) for m in PLAIN_IMPORT.finditer(source)]
    for m in FROM_IMPORT.finditer(source):
        names = re.sub(r"#.*|[()]", " ", m.group(2)).split(",")
        inner = [f"{m.group(1)}.{words[0]}" for name in names if (words := name.split())]
        found += [m.group(1), *(each for each in inner if _is_module(each))]
    return found


@cache
def environment(libraries: tuple[str, ...] = NUMERICAL) -> dict[str, str]:
    """What a number or a picture depends on beside our own code: Python, the processor's kind, and these libraries."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in libraries:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@cache
def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


# --- saving and loading -------------------------------------------------------------------------------------------


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """A new folder that is there whole after the block, in the place of an older one, or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    staged = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(staged, ignore_errors=True)
    staged.mkdir()
    try:
        yield staged
        if folder.exists():
            shutil.rmtree(folder)
        staged.rename(folder)
    except BaseException:
        shutil.rmtree(staged, ignore_errors=True)
        raise


def save_result(result: Any, folder: Path, about: Mapping[str, Any]) -> None:
    """Write a result into a new folder; it appears whole or not at all. `about` is kept beside it."""
    with appearing(folder) as staged:
        write_result(result, staged, about)


def write_result(result: Any, folder: Path, about: Mapping[str, Any]) -> None:
    """Write a result into a folder that is there, last the record with the digest of every file of the folder."""
    fields = {f.name: _write(getattr(result, f.name), folder, f.name) for f in dataclasses.fields(result)}
    files = {path.name: _sha256(path) for path in sorted(folder.iterdir())}
    record = {"result": type(result).__name__, "about": dict(about), "fields": fields, "files": files}
    (folder / RECORD).write_text(json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(value: Any, folder: Path, name: str) -> Any:
    if isinstance(value, pd.DataFrame):
        value.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
        return {"frame": f"{name}.parquet"}
    if isinstance(value, Matrix):
        np.save(folder / f"{name}.npy", value.values, allow_pickle=False)
        names = {"rows": value.rows, "columns": value.columns, "unit": value.unit}
        (folder / f"{name}.json").write_text(json.dumps(names, ensure_ascii=False), encoding="utf-8")
        return {"matrix": name}
    if isinstance(value, PerUnit):
        frame = pd.DataFrame({"unit": value.values.index, "value": value.values.to_numpy()})
        frame.to_parquet(folder / f"{name}.parquet", index=False)
        return {"per": f"{name}.parquet", "quantity": value.quantity, "unit": value.unit}
    if isinstance(value, tuple):
        return [_write(v, folder, f"{name}.{i}") for i, v in enumerate(value)]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _write(getattr(value, f.name), folder, f"{name}.{f.name}") for f in dataclasses.fields(value)}
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": repr(value)}
    if isinstance(value, np.generic):
        return _write(value.item(), folder, name)
    return value


def load_result(kind: type[T], folder: Path) -> T:
    """Read a result back, exactly as it was. :raises Unreadable: where a file is absent, damaged or was changed"""
    try:
        record = _record(folder)
        for name, expected in record["files"].items():
            if _sha256(folder / name) != expected:
                raise Unreadable(f"{name} is not what was written")
        hints = get_type_hints(kind)
        return kind(**{name: _read(stored, hints[name], folder) for name, stored in record["fields"].items()})
    except Unreadable:
        raise
    except Exception as e:  # whatever a library makes of a damaged file
        raise Unreadable(f"{type(e).__name__}: {e}") from e


def about_result(folder: Path) -> dict[str, Any]:
    """What was kept beside a result, or nothing where there is none."""
    try:
        return dict(_record(folder)["about"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def content_of(folder: Path) -> str:
    """The digest of what a result holds, whatever it was made from; '' where there is none."""
    try:
        record = _record(folder)
        return digest(json.dumps([record["result"], record["fields"], record["files"]], sort_keys=True))
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _record(folder: Path) -> dict[str, Any]:
    return json.loads((folder / RECORD).read_text(encoding="utf-8"))


def _read(stored: Any, hint: Any, folder: Path) -> Any:
    if get_origin(hint) in (Union, types.UnionType):
        inner = [h for h in get_args(hint) if h is not type(None)]
        return None if stored is None else _read(stored, inner[0], folder)
    if hint is pd.DataFrame:
        return pd.read_parquet(folder / stored["frame"])
    if hint is Matrix:
        names = json.loads((folder / f"{stored['matrix']}.json").read_text())
        values = np.load(folder / f"{stored['matrix']}.npy", allow_pickle=False, mmap_mode="r")
        return Matrix(values, tuple(names["rows"]), tuple(names["columns"]), names["unit"])
    if isinstance(hint, type) and issubclass(hint, PerUnit):
        frame = pd.read_parquet(folder / stored["per"])
        return hint(frame.set_index("unit")["value"], stored["quantity"], stored["unit"])
    if get_origin(hint) is tuple:
        args = get_args(hint)
        kinds = [args[0]] * len(stored) if len(args) == 2 and args[1] is Ellipsis else args
        return tuple(_read(v, k, folder) for v, k in zip(stored, kinds, strict=True))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        hints = get_type_hints(hint)
        return hint(**{name: _read(v, hints[name], folder) for name, v in stored.items()})
    if isinstance(stored, dict):
        return float(stored["float"])
    return float(stored) if hint is float and stored is not None else stored
