"""`python -m scoring`: jobs over many pictures, and what came of them."""

import importlib
import os
import signal
import sys

import click

from bundle.errors import BundleError
from engine.errors import EngineError
from scoring.errors import ScoringError

COMMANDS = {
    "compare": "scoring.commands.compare",
    "report": "scoring.commands.report",
    "run": "scoring.commands.run",
}
"""A command's module defines it under the name `command`."""

TRACEBACK = "CUTAWAY_TRACEBACK"
"""Set to anything, it shows where an unexpected error comes from."""


class Commands(click.Group):
    """Loads a command's module when that command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands that are there."""
        return [name for name in COMMANDS if self.get_command(ctx, name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        del ctx
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        try:
            return importlib.import_module(module).command
        except ModuleNotFoundError as error:
            package = (error.name or "").partition(".")[0]
            if package in {"", "bundle", "engine", "scoring"}:
                raise
            words = f"scoring needs the package {package}; run `make scoring` to install it"
            sys.exit(f"error: {words}")

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a failure is one line, and exit code 1."""
        try:
            return super().invoke(ctx)
        except (ScoringError, BundleError, EngineError) as error:
            click.echo(f"error: {error}", err=True)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception as error:
            if TRACEBACK in os.environ:
                raise
            words = " ".join(str(error).split())[:300]
            click.echo(
                f"error: {type(error).__name__}: {words}. Nobody expected this: please report it "
                f"with what {TRACEBACK}=1 shows",
                err=True,
            )
        raise click.exceptions.Exit(1)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Score millions of pictures into Parquet, report on them, compare two results."""


if __name__ == "__main__":
    # Until a command takes it over: a Ctrl-C among the imports would show where it met them.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    main(prog_name=f"{os.path.basename(sys.executable)} -m scoring")  # noqa: PTH119 a name, no path
