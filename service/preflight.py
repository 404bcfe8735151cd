"""Before a worker starts: can the settings be read, and does any model open?

`python -m service.preflight` answers in one sentence and exits 1 if not. BentoML's supervisor
restarts a worker that fails, for ever; so what must fail, fails here, once, in a process that ends
and gives back its memory and its device.
"""

import logging
import signal
import subprocess
import sys
from pathlib import Path

from service.loading import StartupError
from service.settings import SettingsError, read_settings, unknown_variables
from service.versions.stock import Stock


def check() -> None:
    """Open everything as a worker will.

    Raises:
        StartupError: nothing can be served.
        SettingsError: a variable cannot be read.
    """
    settings = read_settings()
    for sentence in unknown_variables():
        logging.getLogger("cutaway").warning("%s", sentence)
    Stock(settings, measure=False).fill()


def check_apart() -> None:
    """`check` in a process of its own; ends this one with its exit code if it fails."""
    # Stays until BentoML listens itself: the first process of a container does not even die of a
    # signal that it has no handler for.
    signal.signal(signal.SIGTERM, _leave)
    root = Path(__file__).absolute().parents[1]  # where BentoML runs the workers, too
    child = subprocess.Popen([sys.executable, "-m", "service.preflight"], cwd=root)
    try:
        code = child.wait()
    finally:
        child.terminate()
    if code:
        sys.exit(code)


def _leave(*_: object) -> None:
    """A shell's exit code of a process that SIGTERM has ended."""
    sys.exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    logging.basicConfig(format="%(message)s")
    try:
        check()
    except (StartupError, SettingsError) as error:
        sys.exit(f"error: {error}")
