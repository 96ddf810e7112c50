"""The output folder: staged beside its place and swapped in whole, so that a reader finds the old one or the new one.

`NAME` is the output; `.NAME.her2het` beside it holds the cache of results, the stage, and for the moment of the swap
the old output. A run that was killed between the two renames is recovered when the next one opens the folder.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from her2het.schema import StudyError

MANIFEST = "manifest.json"
WRITTEN = frozenset(
    ("report.html", "methods.md", MANIFEST, "supporting_data_values.xlsx", "study.h5mu", "tables", "figures", "results")
)
KEPT_RESULTS = 6  # results per analysis that the cache keeps


@dataclass(frozen=True)
class OutputFolder:
    """Where a run writes: the output itself, and the workshop beside it."""

    out: Path
    workshop: Path

    @property
    def cache(self) -> Path:
        """Results by content."""
        return self.workshop / "cache"

    @property
    def stage(self) -> Path:
        """Where the next output is put together."""
        return self.workshop / "stage"

    @property
    def old(self) -> Path:
        """Where the present output waits while the next takes its place."""
        return self.workshop / "old"


def check_place(out: Path) -> None:
    """:raises StudyError: where the output cannot go there: a file, or a folder that is not an output of ours"""
    if out.is_file():
        raise StudyError(f"--out {out}: is a file. Name a folder that does not exist yet.")
    if out.is_dir() and any(out.iterdir()) and not (out / MANIFEST).is_file():
        raise StudyError(
            f"--out {out}: the folder is not empty and not an output of her2het. Name another, or empty it."
        )
    if out.is_dir() and any(out.iterdir()):
        _refuse_what_is_not_ours(out)
    parent = out.resolve().parent
    if not parent.is_dir():
        raise StudyError(f"--out {out}: the folder {parent} does not exist. Make it, or name another place.")
    if not os.access(parent, os.W_OK):
        raise StudyError(f"--out {out}: {parent} cannot be written. Name another place.")


def _refuse_what_is_not_ours(out: Path) -> None:
    """A run replaces the whole folder, so nothing that a run did not write may lie in it."""
    strangers = sorted(entry.name for entry in out.iterdir() if entry.name not in WRITTEN)
    if strangers:
        raise StudyError(
            f"--out {out}: {strangers[0]!r} is not of her2het, and a run replaces the folder. Move it, or name another."
        )
    if '"intended_use"' not in (out / MANIFEST).read_text(encoding="utf-8", errors="replace"):
        raise StudyError(f"--out {out}: its {MANIFEST} is not of her2het. Name another folder, or empty it.")


@contextmanager
def open_output(out: Path) -> Iterator[OutputFolder]:
    """Lock the place, recover what a killed run left, and hand out the folder.

    :raises StudyError: where another run is writing there, or the place cannot be used
    """
    folder = recover_place(out)
    out = folder.out
    check_place(out)
    folder.workshop.mkdir(exist_ok=True)
    with _locked(folder.workshop / "lock", out):
        recover(folder)
        shutil.rmtree(folder.stage, ignore_errors=True)
        folder.cache.mkdir(exist_ok=True)
        yield folder


def recover_place(out: Path) -> OutputFolder:
    """The folder of an output, after bringing back what a killed run left."""
    out = out.absolute()
    folder = OutputFolder(out, out.parent / f".{out.name}.her2het")
    recover(folder)
    return folder


def recover(folder: OutputFolder) -> None:
    """Bring the old output back where a run was killed between the two renames; forget it where the new one is in."""
    if not folder.old.exists():
        return
    if folder.out.exists():
        shutil.rmtree(folder.old, ignore_errors=True)
    else:
        folder.old.rename(folder.out)


def swap(folder: OutputFolder) -> None:
    """Put the stage in the place of the output."""
    _sync(folder.stage)
    if folder.out.exists():
        if not any(folder.out.iterdir()):
            folder.out.rmdir()
        else:
            folder.out.rename(folder.old)
    folder.stage.rename(folder.out)
    shutil.rmtree(folder.old, ignore_errors=True)
    prune(folder.cache)


def prune(cache: Path) -> None:
    """Keep the newest results of each analysis."""
    by_name: dict[str, list[Path]] = {}
    for entry in cache.iterdir():
        if entry.name.startswith("."):
            shutil.rmtree(entry, ignore_errors=True)  # what a killed run left half-written
        else:
            by_name.setdefault(entry.name.rpartition("-")[0], []).append(entry)
    for entries in by_name.values():
        for entry in sorted(entries, key=lambda e: e.stat().st_mtime, reverse=True)[KEPT_RESULTS:]:
            shutil.rmtree(entry, ignore_errors=True)


def _sync(folder: Path) -> None:
    """Have the operating system write the manifest before the swap, so that a crash cannot leave an empty one."""
    for name in (MANIFEST, "report.html"):
        path = folder / name
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())


@contextmanager
def _locked(path: Path, out: Path) -> Iterator[None]:
    try:
        import fcntl  # noqa: PLC0415 (not on every system)
    except ImportError:
        yield
        return
    with path.open("w") as file:
        _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB, out)
        yield


def _lock(file: IO[str], how: int, out: Path) -> None:
    import fcntl  # noqa: PLC0415

    try:
        fcntl.flock(file, how)
    except OSError:
        raise StudyError(f"--out {out}: another run is writing there. Wait for it, or name another folder.") from None
