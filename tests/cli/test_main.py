"""The top-level command line: static help that matches the modules and the plan, fast, and honest about its use."""

import importlib
import subprocess
import sys
from pathlib import Path

import click
import pytest

from her2het.analyses import PLAN
from her2het.cli.lazy import LazyGroup, guarded
from her2het.cli.main import COMMANDS, build


def every_command() -> list[tuple[str, click.Command]]:
    found: list[tuple[str, click.Command]] = []

    def walk(group: LazyGroup, path: str) -> None:
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            found.append((f"{path} {name}".strip(), command))
            if isinstance(command, LazyGroup):
                walk(command, f"{path} {name}".strip())

    walk(build(), "")
    return found


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_exists(name: str):
    module, text = COMMANDS[name]
    command = importlib.import_module(module).command
    assert isinstance(command, click.Command)
    assert text.endswith(".")


def test_every_command_teaches():
    for path, command in every_command():
        help_text = command.get_help(click.Context(command, info_name=path))
        assert "Research use only" in help_text, path
        if not isinstance(command, LazyGroup):
            assert "Example" in help_text, path
        for option in command.params:
            assert not isinstance(option, click.Option) or option.help, f"{path} {option.name} has no help"


def test_help_is_quick_and_imports_nothing_heavy():
    code = """
import sys
from her2het.cli.lazy import guarded
from her2het.cli.main import build
guarded(build(), ["--help"])
heavy = {"numpy", "pandas", "numba", "scipy", "matplotlib"} & set(sys.modules)
sys.exit(f"{heavy}" if heavy else 0)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Commands:" in done.stdout


def test_unknown_command(capsys: pytest.CaptureFixture[str]):
    assert guarded(build(), ["rnn"]) == 2
    assert "Did you mean 'run'" in capsys.readouterr().err


def test_list_and_explain_cover_the_plan(capsys: pytest.CaptureFixture[str]):
    assert guarded(build(), ["list"]) == 0
    told = capsys.readouterr().out
    assert all(a.name in told for a in PLAN.listed)
    for a in PLAN.listed:
        assert guarded(build(), ["explain", a.name]) == 0
        told = capsys.readouterr().out
        assert a.title in told
        assert all(knob in told for knob in a.knob_fields())
        assert len(a.description) > 80, a.name


def test_init_refuses_a_folder_in_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "x").write_text("")
    assert guarded(build(), ["init", str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_manual_is_fresh():
    manual = Path(__file__).parents[2] / "docs" / "make_manual.py"
    done = subprocess.run([sys.executable, str(manual), "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_the_first_look_names_analyses_of_the_plan():
    from her2het.cli.demo import FIRST_LOOK

    assert set(FIRST_LOOK) <= set(PLAN.by_name)
    wanted = PLAN.upstream(FIRST_LOOK)
    assert {"group_assignment", "fish_heterogeneity", "sample_qc", "expression"} <= wanted
