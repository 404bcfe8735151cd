"""A server that remembers what it was sent."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Echo:
    """Where it listens, and the type and bytes of every body so far."""

    url: str
    seen: set[tuple[str, bytes]] = field(default_factory=set[tuple[str, bytes]])
