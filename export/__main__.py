"""`python -m export`: from a Keras model to a published bundle."""

import importlib
import os
import sys

import click

from bundle.errors import BundleError
from engine.errors import EngineError
from export.errors import ExportError

COMMANDS = {
    "convert": "export.commands.convert",
    "defaults": "export.commands.defaults",
    "finetune": "export.commands.finetune",
    "precision": "export.commands.precision",
}
"""A command's module defines it under the name `command`, and imports TensorFlow only when run."""


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
            if error.name == module:
                return None
            raise

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; a failure is one line, and exit code 1."""
        try:
            return super().invoke(ctx)
        except (ExportError, BundleError, EngineError) as error:
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
    """Turn Keras image classifiers into verified bundles that `make serve` serves."""


if __name__ == "__main__":
    # TensorFlow reads these when it is imported: its start-up lines are not the user's business.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    main(prog_name=f"{os.path.basename(sys.executable)} -m export")  # noqa: PTH119 a name, no path
