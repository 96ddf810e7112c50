"""Every import points the way that the architecture allows (docs/architecture.md)."""

import ast
from pathlib import Path

import her2het

ROOT = Path(her2het.__file__).parent
ALLOWED: dict[str, set[str]] = {
    "notice": set(),
    "schema": set(),
    "expression": {"schema"},
    "tables": {"schema"},
    "study": {"schema", "tables"},
    "io": {"schema", "tables", "study", "reference"},
    "reference": {"schema"},
    "kernels": set(),
    "rules": {"notice", "schema", "reference", "kernels"},
    "stats": {"schema", "kernels", "expression", "reference"},
    "results": {"schema", "stats"},
    "engine": set(),
    "plan": {"schema", "engine"},
    "analyses": {
        *("schema", "expression", "tables", "kernels", "stats", "results", "reference", "rules", "plan", "engine"),
    },
    "figures": {"results", "stats", "schema"},
    "config": {"schema", "tables", "plan", "expression"},
    "load": {"schema", "tables", "study", "io", "config", "plan", "stats"},
    "store": {"schema", "stats"},
    "run": {"", "schema", "study", "config", "plan", "engine", "store"},
    "report": {"", "notice", "schema", "study", "plan", "store", "run", "figures", "results", "stats", "engine"},
    "simulate": {"schema", "tables", "kernels", "reference"},
    "cli": {
        *(
            "",
            "notice",
            "schema",
            "tables",
            "study",
            "plan",
            "analyses",
            "kernels",
            "stats",
            "run",
            "report",
            "io",
            "config",
            "load",
        ),
        *("simulate", "rules", "reference", "engine", "store", "figures", "results"),
    },
    "__main__": {"cli"},
    "__init__": set(),
}


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> set[str]:
    """The rooms that a module imports; '' is the package itself (its version)."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            names = [f"{module}.{a.name}" for a in node.names] if module == "her2het" else [module]
        for name in names:
            parts = name.split(".")
            if parts[0] == "her2het":
                is_room = len(parts) > 1 and ((ROOT / parts[1]).is_dir() or (ROOT / f"{parts[1]}.py").exists())
                found.add(parts[1] if is_room else "")
    return found


def test_every_room_is_known():
    assert {room(p) for p in ROOT.rglob("*.py")} <= set(ALLOWED)


def test_imports_point_one_way():
    wrong = [
        f"{path.relative_to(ROOT)} may not import {target or 'her2het'}"
        for path in sorted(ROOT.rglob("*.py"))
        for target in sorted(imported(path))
        if target != room(path) and target not in ALLOWED[room(path)]
    ]
    assert not wrong, "\n".join(wrong)


def test_kernels_know_no_frames():
    wrong = [p.name for p in (ROOT / "kernels").rglob("*.py") if "import pandas" in p.read_text()]
    assert not wrong


def test_no_module_is_a_drawer():
    names = {p.stem for p in ROOT.rglob("*.py")}
    assert not names & {"utils", "helpers", "misc", "common"}


def test_modules_stay_readable():
    long = [
        f"{p.relative_to(ROOT)}: {n} lines" for p in ROOT.rglob("*.py") if (n := len(p.read_text().splitlines())) > 400
    ]
    assert not long, long
