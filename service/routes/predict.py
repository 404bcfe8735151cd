"""`POST /v1/models/{model}/predict`."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from engine.errors import EngineError
from service.arrays import MEDIA_TYPE
from service.catalogue import Catalogue
from service.errors import InvalidQueryError, answer_to
from service.metrics import Metrics
from service.multipart import FIELD
from service.predictor import Json
from service.responses import json_response
from service.routes.documented import add_model_route
from service.schemas import PredictAnswer
from service.settings import Settings
from service.uploads import read_upload

_FILE = {"type": "string", "format": "binary"}
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One encoded picture under any type (its first bytes decide), a form with "
        f"one or more `{FIELD}` parts, or ready pictures of the model's own size.",
        "content": {
            "image/*": {"schema": _FILE},
            "application/octet-stream": {"schema": _FILE},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": [FIELD],
                    "properties": {FIELD: {"type": "array", "items": _FILE}},
                }
            },
            MEDIA_TYPE: {
                "schema": {
                    **_FILE,
                    "description": "numpy array (batch, height, width, channels) in the model's "
                    "input type; never unpickled",
                }
            },
        },
    }
}


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
        if self.timeout_ms is None:
            return min(settings.timeout_ms, settings.max_timeout_ms)
        if self.timeout_ms > settings.max_timeout_ms:
            raise InvalidQueryError(
                f"timeout_ms: expected at most {settings.max_timeout_ms}, "
                f"received {self.timeout_ms}",
                parameter="timeout_ms",
                received=self.timeout_ms,
            )
        return self.timeout_ms


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
        predictor = catalogue.find(model, request.path_params.get("version"))
        timeout_ms = options.timeout(settings)
        upload = await read_upload(request, predictor.manifest.input, settings)
        try:
            answer = await predictor.predict(
                upload, top_k=options.top_k or settings.top_k, timeout_ms=timeout_ms
            )
        except EngineError as error:
            metrics.count_images(predictor.manifest.name, answer_to(error).error.code, len(upload))
            raise
        _count(metrics, answer)
        return json_response(answer)

    add_model_route(
        router,
        "/predict",
        predict,
        method="POST",
        answer=PredictAnswer,
        statuses=(400, 408, 413, 415, 429, 504),
        body=_BODY,
    )
    return router


def _count(metrics: Metrics, answer: Json) -> None:
    """What became of each picture, and how full its batch was."""
    for result in answer["results"]:
        outcome = result["error"]["code"] if "error" in result else "predicted"
        metrics.count_images(answer["model"], outcome, 1)
    if answer["batch_size"]:
        metrics.observe_batch(answer["model"], answer["batch_size"])
