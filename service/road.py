"""The way of every HTTP request to the application, past every guard that is wanted."""

from starlette.types import ASGIApp

from service.access import KeyGuard
from service.clients import ClientGuard
from service.cors import with_cors
from service.guards import BodyGuard
from service.inflation import Inflation
from service.journal import Journal
from service.keys import Keys
from service.metrics import Metrics
from service.settings import Settings


def build_road(app: ASGIApp, settings: Settings, metrics: Metrics, keys: Keys | None) -> ASGIApp:
    """The application behind its guards; what is switched off is not there at all.

    A browser asks whether it may ask before it shows a key, so CORS comes before keys; a body is
    received only for those who may send one.
    """
    if settings.max_client_requests:
        app = ClientGuard(app, settings.max_client_requests)
    if keys is not None:
        app = KeyGuard(app, keys)
    app = BodyGuard(app, settings)
    app = Inflation(app)
    if settings.cors_origins:
        app = with_cors(app, settings.cors_origins)
    return Journal(app, metrics, every_request=settings.log_format == "json")
