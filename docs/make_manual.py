"""Write docs/manual from the plan, the tables and the commands. `python docs/make_manual.py [--check]`."""

import sys
from pathlib import Path

import click

from her2het.analyses import PLAN
from her2het.cli.lazy import LazyGroup
from her2het.cli.main import build
from her2het.cli.texts import bounds, needs, show
from her2het.schema import TableSpec
from her2het.tables import TABLES

HERE = Path(__file__).parent / "manual"
NOTE = "<!-- Written by docs/make_manual.py; do not edit. -->\n\n"


def analyses() -> str:
    """Every analysis: question, method, needs, knobs, result."""
    out = [NOTE + "# Analyses\n\nIn the order of the report. Research use only."]
    section = ""
    for a in PLAN.listed:
        if a.section != section:
            section = a.section
            out.append(f"## {section}")
        out.append(f"### `{a.name}`\n\n**{a.title}**\n\n{a.description}")
        reads = ", ".join(f"`{n}`" for n in needs(PLAN, a)) or "the study alone"
        out.append(f"Needs: {reads} (in parentheses: optional).")
        if a.knob_fields():
            rows = [
                f"| `{name}` | `{show(info.default)}` | {bounds(info) or ' '} | {info.description} |"
                for name, info in a.knob_fields().items()
            ]
            out.append("\n".join(["| knob | default | bounds | meaning |", "|---|---|---|---|", *rows]))
        out.append(f"Returns `{a.produces.__name__}`. {(a.produces.__doc__ or '').strip()}")
    return "\n\n".join(out) + "\n"


def tables() -> str:
    """Every table: key, links, columns."""
    lead = "Named in study.toml under `[tables.NAME]`; `her2het init` writes an example of each."
    out = [NOTE + f"# Tables of a study\n\n{lead}"]
    out += [_table(spec) for spec in TABLES.values()]
    return "\n\n".join(out) + "\n"


def _table(spec: TableSpec) -> str:
    links = "; ".join(f"`{c}` is a `{t}`" for c, t in spec.foreign.items())
    about = [f"## `{spec.name}`\n\n{spec.doc}"]
    if spec.key:
        about.append(f"Key: {', '.join(f'`{k}`' for k in spec.key)}.{f' {links}.' if links else ''}")
    if spec.columns:
        rows = [
            f"| `{name}` | {c.kind} | {c.unit or ' '} | {c.describe_bounds() or ' '} | "
            f"{'yes' if c.required else ' '} | {c.doc} |"
            for name, c in spec.columns.items()
        ]
        head = ["| column | kind | unit | values | needed | meaning |", "|---|---|---|---|---|---|"]
        about.append("\n".join([*head, *rows]))
    return "\n\n".join(about)


def commands() -> str:
    """The help of every command."""
    out = [NOTE + "# Commands"]
    _command(build(), "her2het", out)
    return "\n\n".join(out) + "\n"


def _command(command: click.Command, path: str, out: list[str]) -> None:
    context = click.Context(command, info_name=path, max_content_width=100, terminal_width=100)
    out.append(f"## `{path}`\n\n```text\n{command.get_help(context)}\n```")
    if isinstance(command, LazyGroup):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                _command(inner, f"{path} {name}", out)


def index() -> str:
    """The manual's first page."""
    pages = [
        "- [Analyses](analyses.md): what each asks, how, and its knobs",
        "- [Tables](tables.md): what a study holds",
        "- [Commands](commands.md): the help of every command",
    ]
    return NOTE + "# Manual\n\n" + "\n".join(pages) + "\n"


PAGES = {"README.md": index, "analyses.md": analyses, "tables.md": tables, "commands.md": commands}


def main() -> int:
    """Write the pages, or with --check say which are stale."""
    HERE.mkdir(exist_ok=True)
    stale = []
    for name, make in PAGES.items():
        path, text = HERE / name, make()
        if "--check" in sys.argv:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"docs/manual is stale ({', '.join(stale)}): run python docs/make_manual.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
