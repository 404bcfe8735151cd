"""The real command line, as a user types it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT

END_SECONDS = 300  # a small job takes 3 on two idle cores


def command_line(*arguments: str | Path | int) -> list[str]:
    """`python -m scoring` with these arguments."""
    return [sys.executable, "-m", "scoring", *map(str, arguments)]


def clean_environment(**settings: str) -> dict[str, str]:
    """The test's environment without settings of the service, and with these."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CUTAWAY_")}
    return {**kept, "RAY_USAGE_STATS_ENABLED": "0", **settings}


def run_to_its_end(
    *arguments: str | Path | int, before: tuple[str, ...] = (), **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run `python -m scoring`.

    Args:
        arguments: of the command line.
        before: a command that runs it, as `prlimit --fsize=1000`.
        settings: environment variables.
    """
    return subprocess.run(
        [*before, *command_line(*arguments)],
        cwd=ROOT,
        env=clean_environment(**settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=END_SECONDS,
        check=False,
    )


def start(*arguments: str | Path | int, log: Path, **settings: str) -> subprocess.Popen[bytes]:
    """Begin `python -m scoring` in a session of its own; its words go to the log's end."""
    with log.open("ab") as words:
        return subprocess.Popen(
            command_line(*arguments),
            cwd=ROOT,
            env=clean_environment(**settings),
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # so that a test's Ctrl-C meets it alone
        )
