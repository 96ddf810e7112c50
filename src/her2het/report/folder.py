"""The output folder: staged beside its place and swapped in whole, so that a reader finds the old one or the new one.

`NAME` is the output; `.NAME.her2het` beside it holds the cache of results, the stage, and for the moment of the swap
the old output. A run that was killed between the two renames is recovered when the next one opens the folder.
"""

import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from her2het.schema import StudyError

MANIFEST = "manifest.json"
WRITTEN = frozenset(
    (
        *("README.txt", "report.html", "methods.md", MANIFEST, "supporting_data_values.xlsx", "study.h5mu"),
        *("tables", "figures", "results"),
    )
)
KEPT_RESULTS = 6  # results per analysis that the cache keeps
KEPT_DRAWINGS = 2  # drawings per panel
DRAWING = "panel."  # how the name of a drawing in the cache begins


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


def place_of(out: Path) -> OutputFolder:
    """The folder of an output; a symbolic link is followed, so that the link stays and its target is replaced.

    :raises StudyError: where links lead in a circle
    """
    try:
        found = out.resolve()
    except (OSError, RuntimeError):
        raise StudyError(f"--out {out}: its symbolic links lead in a circle. Name another folder.") from None
    return OutputFolder(found, found.parent / f".{found.name}.her2het")


def check_place(out: Path, sources: Iterable[Path] = ()) -> None:
    """Whether the output can go there; `sources` are what the run reads.

    :raises StudyError: for a file, a folder that is not an output of ours, or one that holds a source: a run replaces
        the folder and all that is in it
    """
    place = place_of(out)
    _refuse_what_is_read(out, place, sources)
    if place.out.is_file():
        raise StudyError(f"--out {out}: is a file. Name a folder that does not exist yet.")
    if place.out.is_dir() and any(place.out.iterdir()):
        if not (place.out / MANIFEST).is_file():
            raise StudyError(
                f"--out {out}: the folder is not empty and not an output of her2het. Name another, or empty it."
            )
        _refuse_what_is_not_ours(out)
    parent = place.out.parent
    if not parent.is_dir():
        raise StudyError(f"--out {out}: the folder {parent} does not exist. Make it, or name another place.")
    for folder in (parent, place.out):
        if folder.is_dir() and not os.access(folder, os.W_OK | os.X_OK):
            raise StudyError(f"--out {out}: {folder} cannot be written. Name another place.")


def _refuse_what_is_read(out: Path, place: OutputFolder, sources: Iterable[Path]) -> None:
    """Nothing that a run reads may lie in what it replaces, neither by its name nor where its links lead."""
    replaced = {place.out, place.workshop}
    for source in sources:
        named, led = source.absolute(), source.resolve()
        steps = {step.parent.resolve() / step.name for step in (named, *named.parents)}
        if replaced & (steps | {led, *led.parents}):
            raise StudyError(
                f"--out {out}: the run reads {source} there, and it replaces the folder. "
                "Name one away from what is read."
            )


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
def open_output(out: Path, sources: Iterable[Path] = ()) -> Iterator[OutputFolder]:
    """Lock the place, recover what a killed run left, and hand out the folder; whatever goes wrong, no stage stays.

    :raises StudyError: where another run is writing there, or the place cannot be used (see `check_place`)
    """
    sources = tuple(sources)
    folder = place_of(out)
    check_place(out, sources)
    folder.workshop.mkdir(exist_ok=True)
    with _locked(folder.workshop / "lock", out):
        recover(folder)
        check_place(out, sources)  # the place may have changed before it was locked
        _remove(folder.stage)
        folder.cache.mkdir(exist_ok=True)
        try:
            yield folder
        finally:
            _remove(folder.stage)


def recover(folder: OutputFolder) -> None:
    """Bring the old output back where a run was killed between the two renames; forget it where the new one is in.

    Only for who holds the lock: between the two renames of a run that is alive it would undo its swap.
    """
    if not os.path.lexists(folder.old):
        return
    if folder.out.exists():
        _remove(folder.old)
    else:
        folder.old.rename(folder.out)


def swap(folder: OutputFolder) -> None:
    """Put the stage in the place of the output; the old output stays where that fails."""
    _sync(folder.stage)
    try:
        if folder.out.exists():
            if not any(folder.out.iterdir()):
                folder.out.rmdir()
            else:
                folder.out.rename(folder.old)
        folder.stage.rename(folder.out)
    except OSError:
        recover(folder)
        raise
    _remove(folder.old)
    prune(folder.cache)


def _remove(path: Path) -> None:
    """Remove a folder with all that is in it; of a symbolic link, the link alone."""
    if path.is_symlink() or path.is_file():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path, ignore_errors=True)


def prune(cache: Path) -> None:
    """Keep the results of each analysis, and the drawings of each panel, that were used last."""
    by_name: dict[str, list[Path]] = {}
    for entry in cache.iterdir():
        if entry.name.startswith("."):
            _remove(entry)  # what a killed run left half-written
        else:
            by_name.setdefault(entry.name.rpartition("-")[0], []).append(entry)
    for name, entries in by_name.items():
        kept = KEPT_DRAWINGS if name.startswith(DRAWING) else KEPT_RESULTS
        for entry in sorted(entries, key=lambda e: e.stat().st_mtime, reverse=True)[kept:]:
            _remove(entry)


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
    except OSError as e:
        if e.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES):
            raise StudyError(
                f"--out {out}: another run is writing there. Wait for it, or name another folder."
            ) from None
        # a file system without locks: as on a system without them
