"""Options that `her2 call` and `her2 classify` share: the versions, and the choices that the guidelines leave open."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from her2het.reference.guidelines import VERSIONS

if TYPE_CHECKING:
    from her2het.rules.status import Policy

GUIDELINE = click.Choice(VERSIONS)
OPTIONS = (
    click.option(
        "--uncovered",
        type=click.Choice(["review", "conventional"]),
        default="review",
        show_default=True,
        help="Staining that no row covers: left to review, or 1+.",
    ),
    click.option(
        "--cumulative/--one-by-one", default=True, show_default=True, help="Whether staining patterns add up."
    ),
    click.option(
        "--combination",
        type=click.Choice(["reflex", "all_tests"]),
        default="reflex",
        show_default=True,
        help="2007, 2013: a negative ISH settles IHC 2+, or every test must be negative.",
    ),
)


def policy_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, in their order."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def policy_of(uncovered: str, cumulative: bool, combination: str) -> "Policy":
    """The choices as the rules take them."""
    from her2het.rules.status import Policy

    return Policy(
        "conventional" if uncovered == "conventional" else "review",
        cumulative,
        "all_tests" if combination == "all_tests" else "reflex",
    )
