"""The ASGI application: routes, guards and errors around the served models."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from fastapi import Depends, FastAPI
from starlette.types import ASGIApp

from service.access import refuse_pages
from service.catalogue import Catalogue
from service.connections import closed
from service.gauges import label_info, model_gauges
from service.grpc.calls import Calls
from service.grpc.endpoint import grpc_endpoint
from service.handlers import add_handlers
from service.inspection import Inspection
from service.keys import open_keys
from service.life import Life, LifeGuard
from service.metrics import Metrics
from service.outbox import Outbox, OutboxGuard
from service.protocol.inference import Inference
from service.road import build_road
from service.routes.activations import activations_router
from service.routes.direct import DirectRoutes
from service.routes.health import health_router
from service.routes.models import models_router
from service.routes.open_inference import open_inference_router
from service.routes.pages import pages_router
from service.routes.predict import predict_router
from service.routes.repository import repository_router
from service.routes.selfcheck import selfcheck_router
from service.routes.sensitivity import sensitivity_router
from service.routes.statistics import statistics_router
from service.settings import Settings
from service.traced import TracedRoad
from service.tracing import Tracing, tracing_asked


@dataclass(frozen=True, slots=True)
class Application:
    """What answers, and whose life it is.

    Args:
        app: routes, documents and life: its lifespan opens the models and closes them.
        road: the way of every HTTP request; it ends at the app, or at a direct route.
    """

    app: FastAPI
    road: ASGIApp


def build_application(settings: Settings) -> Application:
    """The application.

    Raises:
        KeysError: the file of keys cannot be used.
        SettingsError: traces are asked for in a way that is not here.
    """
    keys = open_keys(settings.api_keys, settings.auth)
    tracing = Tracing() if tracing_asked() else None
    parts = (tracing,) if tracing else ()
    catalogue = Catalogue(settings)
    metrics = Metrics()
    life = Life(settings)
    outbox = Outbox(settings)
    inspection = Inspection(settings, metrics, outbox)
    inference = Inference(catalogue, inspection, metrics, settings)
    _show(metrics, catalogue, inspection)

    late = ()
    if settings.grpc_port:
        calls = Calls(life, metrics, settings, outbox=outbox, keys=keys, tracing=tracing)
        late = (grpc_endpoint(catalogue, inference, calls, life, settings),)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        async with life.of(*parts, catalogue.open(), inspection, *late):
            yield

    predictions = predict_router(catalogue, metrics, settings)

    app = _fastapi(lifespan)
    app.include_router(predictions)
    app.include_router(activations_router(catalogue, inspection, settings))
    app.include_router(sensitivity_router(catalogue, inspection, settings))
    app.include_router(selfcheck_router(catalogue, inspection, settings))
    app.include_router(models_router(catalogue))
    app.include_router(
        repository_router(catalogue), dependencies=[] if keys else [Depends(refuse_pages)]
    )
    app.include_router(statistics_router(catalogue))
    app.include_router(open_inference_router(catalogue, inference))
    app.include_router(health_router(catalogue, metrics))
    app.include_router(pages_router(app, catalogue))
    add_handlers(app)
    road = LifeGuard(OutboxGuard(DirectRoutes(app, predictions.routes), outbox), life)
    road = build_road(road, settings, metrics, keys)
    return Application(app, TracedRoad(road, tracing) if tracing else road)


def _show(metrics: Metrics, catalogue: Catalogue, inspection: Inspection) -> None:
    """Let Prometheus see what others know."""
    for family in (
        *model_gauges(catalogue),
        label_info(catalogue),
        *catalogue.families(),
        *inspection.gauges(),
        closed,
    ):
        metrics.add(family)
    metrics.watch(lambda: (served.labels for served in catalogue))


def _fastapi(lifespan: Callable[[FastAPI], AbstractAsyncContextManager[None]]) -> FastAPI:
    """Without routes."""
    return FastAPI(
        title="Cutaway",
        version="1",
        summary="Serves Keras image classifiers and shows their inside.",
        lifespan=lifespan,
        openapi_url=None,  # a route of ours serves it, and is counted as such
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
