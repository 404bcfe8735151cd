"""The supervisor and its worker: neither is left half alive.

BentoML starts a worker that has ended again and again, also one that cannot start; and a worker
whose supervisor was killed goes on holding the port, for nobody. Here the first ends the supervisor
with exit code 1, and the second ends the worker.
"""

import atexit
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager

from service.loading import StartupError

_MARK = "_CUTAWAY_SUPERVISOR"
"""The supervisor's process id in its workers' environment: nobody else is sent a signal."""
_PR_SET_PDEATHSIG = 1  # of Linux's prctl


def become_supervisor() -> None:
    """In BentoML's supervisor, before it starts workers: listen to a worker that gives up."""
    if threading.current_thread() is threading.main_thread():  # no other may listen to signals
        os.environ[_MARK] = str(os.getpid())
        signal.signal(signal.SIGUSR1, _give_up)


def supervised() -> bool:
    """Whether this process is the worker of such a supervisor, and that one lives."""
    return os.environ.get(_MARK) == str(os.getppid())


@contextmanager
def start_or_give_up() -> Generator[None]:
    """What fails within ends the supervisor too: it would try the same again for ever.

    Raises:
        StartupError: there is no supervisor.
    """
    try:
        yield
    except Exception as error:
        if supervised():
            os.kill(os.getppid(), signal.SIGUSR1)
            if isinstance(error, StartupError):  # raised on, it would be logged with a traceback
                sys.stderr.write(f"error: {error}\n")
                sys.stderr.flush()
                os._exit(1)
        raise


def end_with_supervisor() -> None:
    """From now on this worker gets a SIGTERM when its supervisor is killed (on Linux)."""
    if supervised() and sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if not supervised():  # it was killed just before
            signal.raise_signal(signal.SIGTERM)


def _give_up(*_: object) -> None:
    """In the supervisor: end as SIGTERM ends it, but not with exit code 0."""
    atexit.register(_exit_failed)
    os.kill(os.getpid(), signal.SIGTERM)


def _exit_failed() -> None:
    """The last word on the exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(1)
