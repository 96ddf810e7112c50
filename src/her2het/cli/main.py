"""`her2het`: the table of commands. A test holds it against the modules."""

import sys
from typing import Final

import click

from her2het import __version__
from her2het.cli.lazy import LazyGroup, guarded

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "demo": ("her2het.cli.demo", "Simulate a trial, analyse it, and print where the report is."),
    "init": ("her2het.cli.init", "Write a commented study folder to start from."),
    "check": ("her2het.cli.check", "Check a study folder and tell all its problems at once."),
    "run": ("her2het.cli.run", "Analyse a study folder and write the report."),
    "report": ("her2het.cli.report", "Write the report of a finished run again."),
    "figure": ("her2het.cli.figure", "Draw one panel of a finished run to a file."),
    "list": ("her2het.cli.list", "Name the analyses of the plan and what they need."),
    "explain": ("her2het.cli.explain", "Explain one analysis: question, method, inputs, knobs, result."),
    "simulate": ("her2het.cli.simulate", "Write a synthetic trial with known truth."),
    "validate": ("her2het.cli.validate", "Hold planted against found over many synthetic trials."),
    "rna": ("her2het.cli.rna", "Expression: one method on plain files (TMM, DESeq2, GSVA, PAM50 …)."),
    "her2": ("her2het.cli.her2", "HER2 status by guideline: one case, or a table of cases."),
    "fish": ("her2het.cli.fish", "ERBB2 FISH: score nuclei, plan how many to count."),
    "spatial": ("her2het.cli.spatial", "Spatial pattern of HER2-positive cells."),
    "stats": ("her2het.cli.stats", "Statistics of patients: one test on a plain table."),
    "rcb": ("her2het.cli.rcb", "Residual cancer burden and pCR."),
}

HELP = """HER2 heterogeneity and treatment response in breast cancer.

A study folder (study.toml and its tables) becomes a report, tables, figures and a workbook. Every method is also a
command on plain files and a Python function.

\b
  her2het demo                 see a simulated trial analysed
  her2het init my-study        start your own
  her2het run my-study --out my-results
"""


def build() -> LazyGroup:
    """The top-level command group."""
    group = LazyGroup("her2het", COMMANDS, help=HELP)
    return click.version_option(__version__, prog_name="her2het", message="%(prog)s %(version)s (research use only)")(
        group
    )


def main() -> None:
    """Entry point of the console script."""
    sys.exit(guarded(build()))


if __name__ == "__main__":
    main()
