"""Keeping the native libraries' chatter off the user's terminal."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def silenced() -> Iterator[None]:
    """Send what native code writes to stderr into a file that is thrown away.

    TensorFlow's graph optimiser logs devices and sessions in C++ before its log level applies.
    What fails inside the block raises, so nothing that matters is lost.
    """
    kept = os.dup(2)
    try:
        with tempfile.TemporaryFile() as sink:
            os.dup2(sink.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
