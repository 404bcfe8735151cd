"""`GET /v2/models/stats` and `…/models/{model}[/versions/{version}]/stats`: the protocol's."""

from collections.abc import Iterable

from fastapi import APIRouter, Response

from service.catalogue import Catalogue
from service.predictor import Predictor
from service.responses import json_response
from service.routes.documented import protocol_errors
from service.statistics import statistics
from service.statistics_schemas import StatisticsAnswer


def statistics_router(catalogue: Catalogue) -> APIRouter:
    """Statistics of the served versions.

    It has to come before whatever answers `/v2/models/{model}`: there no model is named `stats`.
    """
    router = APIRouter(tags=["Open Inference Protocol"])

    @router.get("/v2/models/stats", response_model=StatisticsAnswer, responses=protocol_errors())
    async def all_statistics() -> Response:
        """Of every served version."""
        return _answer(catalogue)

    @router.get(
        "/v2/models/{model}/stats",
        response_model=StatisticsAnswer,
        responses=protocol_errors(404, 503),
    )
    async def model_statistics(model: str) -> Response:
        """Of every served version of one model."""
        catalogue.find(model)
        return _answer(served for served in catalogue if served.manifest.name == model)

    @router.get(
        "/v2/models/{model}/versions/{version}/stats",
        response_model=StatisticsAnswer,
        responses=protocol_errors(404, 503),
    )
    async def version_statistics(model: str, version: str) -> Response:
        """Of one version."""
        return _answer([catalogue.find(model, version)])

    return router


def _answer(served: Iterable[Predictor]) -> Response:
    return json_response({"model_stats": [statistics(one) for one in served]})
