"""Where a command writes: never over what it reads, and never twice to one place."""

from collections.abc import Iterable
from pathlib import Path

from her2het.schema import StudyError


def check_outputs(reads: Iterable[Path | None], **writes: Path | None) -> None:
    """Refuse options (by name) that would write over a file that is read, or over each other.

    :raises StudyError: naming the option and the file
    """
    taken = {path.resolve(): "is what is read" for path in reads if path is not None}
    for option, path in writes.items():
        if path is None:
            continue
        if path.resolve() in taken:
            raise StudyError(f"--{option.replace('_', '-')}: {path.name} {taken[path.resolve()]}. Name another file.")
        taken[path.resolve()] = f"is written by --{option.replace('_', '-')} too"
