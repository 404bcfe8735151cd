"""Whether the service lives, whether it is ready, and its metrics."""

from fastapi import APIRouter, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST

from service.catalogue import Catalogue
from service.errors import NotReadyError
from service.metrics import Metrics
from service.responses import json_response
from service.routes.documented import errors
from service.schemas import Health


def health_router(catalogue: Catalogue, metrics: Metrics) -> APIRouter:
    """Health and metrics."""
    router = APIRouter(tags=["health"])

    @router.get("/livez", response_model=Health, responses=errors())
    async def livez() -> Response:
        """Answers as long as the process does."""
        return json_response({"status": "live"})

    @router.get("/readyz", response_model=Health, responses=errors(503))
    async def readyz() -> Response:
        """200 while models are loaded."""
        if not any(True for _ in catalogue):
            raise NotReadyError("the models are not loaded; try again later")
        return json_response({"status": "ready"})

    @router.get("/metrics", response_class=PlainTextResponse, responses=errors())
    async def prometheus() -> Response:
        """Prometheus' text format."""
        return Response(metrics.render(), media_type=CONTENT_TYPE_LATEST)

    return router
