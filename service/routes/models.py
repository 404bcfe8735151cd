"""What is served: the models, a manifest in short, the layer table."""

from fastapi import APIRouter, Request, Response

from service.catalogue import Catalogue
from service.loading import Failure
from service.predictor import Predictor
from service.responses import json_response
from service.routes.documented import add_model_route, errors
from service.schemas import (
    Error,
    FailedModel,
    LayerTable,
    ModelDetail,
    ModelList,
    ModelSummary,
)


def models_router(catalogue: Catalogue) -> APIRouter:
    """The models and their layers."""
    router = APIRouter(tags=["models"])

    @router.get("/v1/models", response_model=ModelList, responses=errors())
    async def models() -> Response:
        """The served versions of every model, and those that cannot be served."""
        return json_response(
            ModelList(
                models=[_summary(served, catalogue) for served in catalogue],
                failed=[_failed(failure) for failure in catalogue.failures],
            )
        )

    async def model(request: Request, model: str) -> Response:
        """A model's manifest in short."""
        served = catalogue.find(model, request.path_params.get("version"))
        return json_response(_detail(served, catalogue))

    async def layers(request: Request, model: str) -> Response:
        """The network's layers in the order of computation, by the paths frozen at export."""
        manifest = catalogue.find(model, request.path_params.get("version")).manifest
        return json_response(
            LayerTable(model=manifest.name, version=manifest.version, layers=list(manifest.layers))
        )

    add_model_route(router, "", model, method="GET", answer=ModelDetail, statuses=())
    add_model_route(router, "/layers", layers, method="GET", answer=LayerTable, statuses=())
    return router


def _summary(served: Predictor, catalogue: Catalogue) -> ModelSummary:
    """A version in one line."""
    manifest = served.manifest
    shelf = catalogue.shelves[manifest.name]
    return ModelSummary(
        name=manifest.name,
        version=manifest.version,
        versions=list(shelf.published),
        aliases=shelf.labels_of(served),
        architecture=manifest.source.architecture,
        classes=len(manifest.labels),
        layers=len(manifest.layers),
        input=manifest.input,
        score=manifest.output.score,
        accuracy=manifest.accuracy,
        device=served.classifier.runner.device,
        precision=served.classifier.runner.precision,
        refused=served.classifier.refused,
    )


def _detail(served: Predictor, catalogue: Catalogue) -> ModelDetail:
    """The manifest without what only an operator needs: files, digests, the source's name."""
    manifest = served.manifest
    return ModelDetail(
        **dict(_summary(served, catalogue)),
        created=manifest.created,
        training=manifest.source.training,
        preprocessing=manifest.preprocessing,
        activation=manifest.output.activation,
        labels=list(manifest.labels),
        precisions=list(manifest.precisions),
        end_to_end=manifest.end_to_end,
    )


def _failed(failure: Failure) -> FailedModel:
    """Without the error's own words: they name files of this machine, and the log has them."""
    error = Error(
        code="bundle_not_served", message=str(failure), details={"reason": failure.reason}
    )
    return FailedModel(name=failure.name, version=failure.version, error=error)
