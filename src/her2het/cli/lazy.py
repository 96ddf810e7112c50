"""Command groups that import a command only when it runs, and turn what a user can fix into one sentence."""

import errno
import importlib
import sys
from collections.abc import Mapping
from typing import Any

import click

from her2het import notice

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


WORKER_LOST = ("BrokenProcessPool", "KilledWorker")
NO_MEMORY = "memory ran out, or a worker process was ended from outside. Use fewer with --workers, or more memory."
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class LazyGroup(click.Group):
    """A group whose commands are named in a static table: name -> (module with `command`, one line of help)."""

    def __init__(
        self,
        name: str,
        table: Mapping[str, tuple[str, str]],
        *,
        compiles: bool = False,
        says: str = "",
        **settings: Any,
    ) -> None:
        super().__init__(name, epilog=notice.HELP, context_settings=CONTEXT, **settings)
        self.table = table
        self.compiles = compiles  # whether its commands run numerical kernels, whose compilation is worth a word
        self.says = says  # what stands on standard error after a command that wrote its result

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands, in the order of the table."""
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command."""
        if cmd_name not in self.table:
            return None
        command = importlib.import_module(self.table[cmd_name][0]).command
        if not command.epilog:
            command.epilog = notice.HELP
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; say so where kernels are compiled first, and in the end what the result is for."""
        if self.compiles:
            from her2het.kernels.compiled import announce_compilation

            announce_compilation(lambda text: click.echo(f"her2het: {text} …", err=True))
        result = super().invoke(ctx)
        if self.says and ctx.invoked_subcommand:
            click.echo(f"her2het: {self.says}", err=True)
        return result

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, or say which one may have been meant."""
        if args and args[0] not in self.table and not args[0].startswith("-"):
            from her2het.schema import did_you_mean

            hint = did_you_mean(args[0], list(self.table))
            raise click.UsageError(f"No command {args[0]!r}.{hint} Commands are {', '.join(self.table)}.", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help of the commands from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in self.table.items()])


def guarded(group: click.Group, arguments: list[str] | None = None) -> int:
    """Run a group; 0 where it went well, 2 where the user can fix something, 130 where they stopped it.

    A command may return a status of its own.
    """
    try:
        result = group.main(arguments, prog_name="her2het", standalone_mode=False)
    except click.ClickException as e:
        e.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        print("her2het: stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
    except Exception as e:
        told = _told(e)
        if not told:
            raise
        for sentence in told:
            print(f"her2het: {sentence}", file=sys.stderr)
        return 2
    return result if isinstance(result, int) else 0


def _told(e: Exception) -> tuple[str, ...]:
    """What a user can mend, in sentences; nothing for a mistake of ours, which deserves its traceback."""
    if type(e).__name__ == "StudyError":
        return getattr(e, "problems", (str(e),))
    if isinstance(e, MemoryError) or type(e).__name__ in WORKER_LOST:
        return (NO_MEMORY,)
    refused = e if isinstance(e, OSError) else next((a for a in e.args if isinstance(a, OSError)), None)
    return (_refused(refused),) if refused else ()


def _refused(e: OSError) -> str:
    """What the operating system refused (a full disk, a folder that is read-only), with place and remedy."""
    place = f"{e.filename}: " if e.filename else ""
    said = " ".join((e.strerror or str(e) or type(e).__name__).split()).rstrip(".")
    if e.errno in FULL:
        return f"{place}{said}. Make room, or name another place."
    if e.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{place}{said}. Allow it, or name another place."
    return f"{place}{said}. Check the place, its permissions and its room."
