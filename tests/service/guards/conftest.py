"""A server with every guard up, and keys for it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from service.key_file import Scope, new_key
from tests.servers import Server
from tests.service.guards.guarded import ORIGIN, Guarded


@pytest.fixture(scope="session")
def guarded(
    tmp_path_factory: pytest.TempPathFactory, start_server: Callable[..., Server], models: Path
) -> Guarded:
    """The server; short times, so that the slow are soon found out."""
    path = tmp_path_factory.mktemp("keys") / "keys.jsonl"
    tokens: dict[str, str] = {}
    lines: list[str] = []
    for who in ("predict", "inspect", "admin", "all"):
        tokens[who], line = new_key(who, list(Scope) if who == "all" else [Scope(who)])
        lines.append(line)
    path.write_text("\n".join(lines) + "\n")
    server = start_server(
        CUTAWAY_MODELS=str(models),
        CUTAWAY_API_KEYS=str(path),
        CUTAWAY_CORS_ORIGINS=ORIGIN,
        CUTAWAY_LOG_FORMAT="json",
        CUTAWAY_HEADER_TIMEOUT_SECONDS="2",
        CUTAWAY_BODY_TIMEOUT_SECONDS="3",
        CUTAWAY_MAX_CLIENT_REQUESTS="4",
    )
    return Guarded(server, tokens, path)
