"""A call's line in the log and its count, as a request over HTTP has them."""

import logging
from typing import Any

from grpc.aio import ServicerContext

from service.grpc.clients import address_of
from service.keys import asking
from service.metrics import Metrics
from service.spans import current_trace

log = logging.getLogger("cutaway")


class CallLog:
    """Writes down the method, the status and the time: nothing that the client sent."""

    def __init__(self, metrics: Metrics, *, every_call: bool) -> None:
        """`every_call` is logged, also those that went well."""
        self._metrics = metrics
        self._level = logging.INFO if every_call else logging.DEBUG

    def write(
        self,
        route: str,
        status: int,
        code: str | None,
        seconds: float,
        context: ServicerContext[Any, Any],
    ) -> None:
        """Count it, and log it if its level is asked for; `status` is what HTTP would answer."""
        self._metrics.count_request(route, "POST", status, seconds, code)
        level = self._level
        if status >= 400:  # noqa: PLR2004  the first status that is an error
            level = logging.INFO
        if status >= 500:  # noqa: PLR2004  the first status that is our fault
            level = logging.ERROR
        if log.isEnabledFor(level):
            key, trace = asking(), current_trace()
            facts = {
                "method": "gRPC",
                "route": route,
                "status": status,
                "duration_ms": round(seconds * 1000, 1),
                "client": address_of(context),
                "key": key.name if key else None,
                **({"code": code} if code else {}),
                **({"trace_id": trace.id} if trace else {}),
            }
            text = "gRPC %s %d %.1f ms"
            log.log(level, text, route, status, seconds * 1000, extra={"facts": facts})
