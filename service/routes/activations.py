"""`POST /v1/models/{model}/activations`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from engine.errors import UndecodableImageError
from service import archives
from service.activation_options import ActivationOptions
from service.activation_schemas import ActivationsAnswer
from service.activations import write_json, write_npz
from service.caps import check_bytes, check_json, check_layers, pictures_a_run
from service.catalogue import Catalogue
from service.inspection import Inspection, Job, Task
from service.observations import observe
from service.predictor import Predictor
from service.routes.documented import (
    INSPECTION_STATUSES,
    PICTURES,
    add_model_route,
    in_formats,
)
from service.selection import Selection
from service.settings import Settings
from service.sprites import write_sprite
from service.uploads import read_upload


def activations_router(
    catalogue: Catalogue, inspection: Inspection, settings: Settings
) -> APIRouter:
    """Activations of the served models."""
    router = APIRouter(tags=["inspection"])

    async def activations(
        request: Request, model: str, options: Annotated[ActivationOptions, Query()]
    ) -> Response:
        """What layers did on pictures: statistics, numbers, or a picture of the channels.

        Several pictures are answered in their order; one that cannot be used costs the others
        nothing.
        """
        served = catalogue.find(model, request.path_params.get("version"))
        selection = options.check().select(served.manifest)
        timeout_ms = options.inspect_timeout_ms(settings)
        check_layers(selection, settings)
        _check_size(selection, options, 1, settings)  # before the body is received
        upload = await read_upload(request, served.manifest.input, settings)
        _check_size(selection, options, len(upload), settings)
        task = Task("activations", served, request.receive, upload, timeout_ms)
        return await inspection.run(
            task, lambda job: _answer(job, served, selection, options, settings)
        )

    add_model_route(
        router,
        "/activations",
        activations,
        method="POST",
        answer=ActivationsAnswer,
        statuses=INSPECTION_STATUSES,
        body=PICTURES,
        success=in_formats("a sprite of channels, indexed"),
    )
    return router


def _check_size(
    selection: Selection, options: ActivationOptions, images: int, settings: Settings
) -> None:
    """Raise TooMuchError for an answer above the caps."""
    if options.format == "png":  # a sprite's range is of the whole layer, so all of it is held
        selection = Selection(selection.layers, crop=selection.crop)
    check_bytes(selection, images, options.dtype, settings)
    if options.format == "json":
        check_json(selection, images, values=options.values, settings=settings)


def _answer(
    job: Job,
    served: Predictor,
    selection: Selection,
    options: ActivationOptions,
    settings: Settings,
) -> Response:
    """In the inspection thread: the answer, written."""
    wish = options.wish(selection)
    batch = pictures_a_run(selection, settings)
    if options.format == "png":
        if not job.pictures.good:
            raise UndecodableImageError("none of the pictures can be used; format=json says why")
        body, headers = write_sprite(job, wish, options.drawing(), batch)
        return Response(body, headers=headers, media_type="image/png")
    seen = observe(job, wish, batch)
    top_k = options.top_k or settings.top_k
    if options.format == "npz":
        archive = write_npz(job, served.manifest, wish, seen, top_k)
        name = f"{served.manifest.name}-activations.npz"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(archive, headers=headers, media_type=archives.MEDIA_TYPE)
    body = write_json(job, served.manifest, wish, seen, top_k)
    return Response(body, media_type="application/json")
