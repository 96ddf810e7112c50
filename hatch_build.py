"""Write the commit into the package where it is built from a checkout, so that an installed package can tell it."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "built_from.txt"  # read by her2het.report.manifest


def commit_of(folder: Path) -> str:
    """The commit of a checkout, with -dirty where files differ from it; '' where the folder is none."""
    if not (folder / ".git").exists():
        return ""
    command = ["git", "-C", str(folder), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


class BuiltFrom(BuildHookInterface):
    """Adds a file with the commit to the wheel, and to the source distribution, from which a wheel may be built."""

    PLUGIN_NAME = "custom"
    made: Path | None = None

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """An editable install needs no file: the checkout itself is asked when it runs."""
        commit = commit_of(Path(self.root))
        if version == "editable" or not commit:
            return
        self.made = Path(tempfile.mkdtemp(prefix="her2het-"))
        path = self.made / NAME
        path.write_text(commit + "\n", encoding="utf-8")
        inside = "src/her2het" if self.target_name == "sdist" else "her2het"
        build_data["force_include"][str(path)] = f"{inside}/{NAME}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Leave nothing behind."""
        if self.made is not None:
            shutil.rmtree(self.made, ignore_errors=True)
