"""What every answer keeps to, whatever was asked."""

import json
import re
from collections.abc import Iterator
from typing import Any

from service.errors import STATUSES
from tests.fuzz.road import Answered, Asked
from tests.servers import ROOT

MAX_ERROR_BYTES = 4096
"""An error quotes what it received, but not all of it."""
NOT_IMPLEMENTED, TOO_LATE = 501, 504
FROM_ELSEWHERE = {(404, "not_found"), (405, "method_not_allowed")}
INSIDE = re.compile(rb"Traceback|site-packages|\.py\b|0x[0-9a-f]{8}|" + re.escape(bytes(ROOT)))
"""What no client is shown: stack frames, files of this machine, addresses of objects."""


class Contract:
    """Compares answers with the OpenAPI document and with the one shape of errors."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._documented = {
            (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), method.upper()): {
                int(status) for status in operation["responses"]
            }
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }
        self._codes = {*STATUSES.values(), *FROM_ELSEWHERE}

    def check(self, asked: Asked, answered: Answered) -> None:
        """Fail on whatever a client must never see."""
        where = f"{answered.status} {answered.body[:1000]!r}"
        unsupported = answered.status == NOT_IMPLEMENTED and asked.path.startswith("/v2/")
        # A timeout whose digits were damaged may allow a millisecond.
        hurried = answered.status == TOO_LATE and b"timeout" in b"".join(asked.pieces)
        assert answered.status < 500 or unsupported or hurried, where
        assert answered.headers["x-request-id"], where
        for statuses in self._statuses(asked):
            assert answered.status in statuses, f"not documented: {where}"
        if answered.status >= 400:
            self._check_error(asked, answered)

    def _statuses(self, asked: Asked) -> Iterator[set[int]]:
        for (path, method), statuses in self._documented.items():
            if method == asked.method and path.fullmatch(asked.path):
                yield statuses

    def _check_error(self, asked: Asked, answered: Answered) -> None:
        """One sentence in the shape of its protocol, and nothing of our inside."""
        assert answered.headers["content-type"] == "application/json"
        assert len(answered.body) <= MAX_ERROR_BYTES
        found = INSIDE.search(answered.body)
        assert not found, f"shows its inside: {answered.body!r}"
        body = json.loads(answered.body)
        assert list(body) == ["error"]
        if asked.path == "/v2" or asked.path.startswith("/v2/"):
            assert isinstance(body["error"], str)
            assert body["error"]
            return
        assert sorted(body["error"]) == ["code", "details", "message"]
        assert (answered.status, body["error"]["code"]) in self._codes
        assert body["error"]["message"]
