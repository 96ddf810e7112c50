"""`her2het stats`: one test or estimate on a plain table, with patients as the unit."""

from typing import Final

from her2het.cli.lazy import LazyGroup

COMMANDS: Final[dict[str, tuple[str, str]]] = {
    "compare": ("her2het.cli.stats.compare", "Compare groups of patients in one measurement."),
    "paired": ("her2het.cli.stats.paired", "Compare the same patients at two timepoints."),
    "correlate": ("her2het.cli.stats.correlate", "Correlate two measurements of the same patients."),
    "table": ("her2het.cli.stats.table", "Test a table of classes: Fisher, McNemar, Bowker, Mantel-Haenszel."),
    "logistic": ("her2het.cli.stats.logistic", "Adjusted odds ratios of a yes or no (Firth's logistic regression)."),
    "auc": ("her2het.cli.stats.auc", "Area under the ROC curve of a score, or the difference of two."),
    "adjust": ("her2het.cli.stats.adjust", "Adjust p values for many tests, by family."),
    "power": ("her2het.cli.stats.power", "How many patients the next study needs."),
}

HELP = """Statistics of patients: one test on a plain table.

The same functions as those of the report, on your own TSV or CSV. A row is a patient, or --patient names the column
that says whose it is; several rows of one patient are never taken as patients. Each answer is an effect with its
interval, p, n and method; q where several are a family.
"""

command = LazyGroup("stats", COMMANDS, compiles=True, help=HELP)
