"""`POST /v1/models/{model}/predict`."""

from time import perf_counter
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from service.catalogue import Catalogue
from service.deadlines import request_timeout_ms
from service.disconnects import unless_disconnected
from service.metrics import Labels, Metrics
from service.outcomes import count_refused
from service.responses import json_response
from service.routes.documented import PICTURES, add_model_route
from service.schemas import PredictAnswer
from service.settings import Settings
from service.uploads import read_upload


class PredictOptions(BaseModel):
    """The query; a parameter that does not exist is refused instead of ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    top_k: int | None = Field(default=None, ge=1, description="classes to answer; at most all")
    timeout_ms: int | None = Field(
        default=None, ge=1, description="from the whole request received to its answer"
    )

    def timeout(self, settings: Settings) -> int:
        """The request's time in ms.

        Raises:
            InvalidQueryError: it asks for more than the settings allow.
        """
        return request_timeout_ms(
            self.timeout_ms, default=settings.timeout_ms, most=settings.max_timeout_ms
        )


def predict_router(catalogue: Catalogue, metrics: Metrics, settings: Settings) -> APIRouter:
    """Predictions of the served models."""
    router = APIRouter(tags=["predictions"])

    async def predict(
        request: Request, model: str, options: Annotated[PredictOptions, Query()]
    ) -> Response:
        """The best classes of one picture or of several.

        Several pictures are answered in their order; one that cannot be used has an `error` in
        its place and costs the others nothing.
        """
        with catalogue.find(model, request.path_params.get("version")) as predictor:
            timeout_ms = options.timeout(settings)
            upload = await read_upload(request, predictor.manifest.input, settings)
            started = perf_counter()
            work = predictor.predict(
                upload, top_k=options.top_k or settings.top_k, timeout_ms=timeout_ms
            )
            try:
                answer = await unless_disconnected(request.receive, work)
            except Exception as error:
                count_refused(metrics, predictor.labels, error, len(upload))
                raise
            _count_answered(metrics, predictor.labels, answer, perf_counter() - started)
            return json_response(answer)

    add_model_route(
        router,
        "/predict",
        predict,
        method="POST",
        answer=PredictAnswer,
        statuses=(400, 408, 413, 415, 429, 504),
        body=PICTURES,
    )
    return router


def _count_answered(
    metrics: Metrics, model: Labels, answer: dict[str, Any], seconds: float
) -> None:
    """What became of each picture, how long it all took, and how full the batch was."""
    for result in answer["results"]:
        outcome = result["error"]["code"] if "error" in result else "predicted"
        metrics.count_images(model, outcome, 1)
    metrics.observe_prediction(model, answer["timing_ms"], answer["batch_size"], seconds)
