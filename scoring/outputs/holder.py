"""Who is at work on an output, as its lock says to others."""

import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from pydantic import BaseModel, ConfigDict, ValidationError


class Holder(BaseModel):
    """One process that holds one output.

    Args:
        token: of this hold alone.
        host: the machine's name, for a person.
        pid: its number there.
        since: when it began.
        kernel: the boot of the machine and the space of process numbers in it: where it is the
            same, the same number means the same process. None where the system does not say.
        started: when the process began, in the kernel's ticks since the boot.
        renewals: how often it has said that it is still there.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    token: str
    host: str
    pid: int
    since: datetime
    kernel: str | None = None
    started: int | None = None
    renewals: int = 0

    @classmethod
    def here(cls) -> "Holder":
        """This process, with a new token."""
        return cls(
            token=uuid4().hex,
            host=socket.gethostname(),
            pid=os.getpid(),
            since=datetime.now(UTC).replace(microsecond=0),
            kernel=_kernel(),
            started=_started(os.getpid()),
        )

    @classmethod
    def parse(cls, data: bytes) -> "Holder | None":
        """What `encode` made; None where it is something else, as half of it."""
        try:
            return cls.model_validate_json(data)
        except ValidationError:
            return None

    def encode(self) -> bytes:
        """As the lock's content."""
        return self.model_dump_json().encode()

    def renewed(self) -> "Holder":
        """The same, and still there: other bytes, so that a store gives them another e-tag."""
        return self.model_copy(update={"renewals": self.renewals + 1})

    @property
    def words(self) -> str:
        """For a person."""
        return f"process {self.pid} on {self.host}, since {self.since:%Y-%m-%d %H:%M:%S} UTC"

    @property
    def is_dead(self) -> bool:
        """Whether its process is known to have ended; never known from another machine."""
        if self.kernel is None or self.started is None or self.kernel != _kernel():
            return False
        return _started(self.pid) != self.started


def _kernel() -> str | None:
    """See `Holder.kernel`."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return None


def _started(pid: int) -> int | None:
    """When a process of this machine began; None where it has ended, waited for or not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()  # a process's name may hold spaces and brackets
    return None if fields[0] in "ZX" else int(fields[19])
