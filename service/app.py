"""The BentoML service: life cycle and mount, nothing else."""

import logging
import sys
from typing import Any

import bentoml
from bentoml._internal.utils.analytics import usage_stats
from starlette.types import ASGIApp, Receive, Scope, Send

from service.application import build_application
from service.connections import guard_connections
from service.exposure import (
    ExposedError,
    announced_host,
    announced_port,
    check_exposure,
    listening_host,
)
from service.json_lines import write_json_lines
from service.keys import KeysError
from service.loading import StartupError
from service.ports import check_port
from service.preflight import check_apart
from service.settings import SettingsError, read_settings
from service.supervision import become_supervisor, start_or_give_up

# `bentoml serve` asked whether it may report its usage before it imported this room, which says no,
# and kept the answer.
usage_stats.do_not_track.cache_clear()

try:
    with start_or_give_up():
        settings = read_settings()
        check_exposure(settings, listening_host())
        application = build_application(settings)
except (SettingsError, ExposedError, KeysError) as error:
    # The supervisor imports this file first: one sentence, no traceback.
    sys.exit(f"error: {error}")

logging.getLogger("cutaway").setLevel(settings.log_level.upper())
if settings.log_format == "json":
    write_json_lines()
guard_connections(settings)


class Front:
    """Hands every HTTP request to our application before BentoML sees it.

    A mount alone comes after BentoML's own /livez, /readyz and /schema.json, and leaves unknown
    paths to BentoML's 404.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._bentoml = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event, as ASGI wants it."""
        app = application.road if scope["type"] == "http" else self._bentoml
        await app(scope, receive, send)


class Fronted(bentoml.Service[Any]):
    """A service whose requests meet none of BentoML's middlewares.

    Its access log, metrics and tracing cost 1.2 ms of CPU a request, more than everything of ours
    together. Its timeout cannot be switched off, and keeps 0.6 kB of every request for minutes.
    """

    def to_asgi(self, is_main: bool = True) -> ASGIApp:
        """The front, around the rest."""
        return Front(super().to_asgi(is_main))


@bentoml.service(
    service_class=Fronted,
    workers=1,
    http={"host": "127.0.0.1", "port": 3000},  # pyright: ignore[reportArgumentType]  text is taken
    metrics={"enabled": False},
    logging={"access": {"enabled": False}},
    tracing={"excluded_urls": ".*"},
)
@bentoml.asgi_app(application.app, path="/")
class Cutaway:
    """Runs the mounted application's life in every worker."""

    @bentoml.on_deployment
    @staticmethod
    def check() -> None:
        """Once, in the supervisor, before any worker starts."""
        try:
            check_exposure(settings, announced_host())
            advice = "end what listens there, or name another one: bentoml serve . --port N"
            check_port(announced_host(), announced_port(), advice)
        except (ExposedError, StartupError) as error:
            sys.exit(f"error: {error}")
        check_apart()
        become_supervisor()


service: Any = Cutaway
