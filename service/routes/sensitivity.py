"""`POST /v1/models/{model}/sensitivity`."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query, Request, Response

from engine.errors import UndecodableImageError
from service import archives, events
from service.catalogue import Catalogue
from service.errors import InvalidQueryError
from service.inspection import Inspection, Job, Task
from service.routes.documented import (
    EVENTS,
    INSPECTION_STATUSES,
    PICTURES,
    add_model_route,
    in_formats,
)
from service.sensitivity import check_size, find_sensitivity
from service.sensitivity_answers import sensitivity_json, write_arrays
from service.sensitivity_options import Asked, SensitivityOptions, read_options
from service.sensitivity_pictures import draw_sensitivity
from service.sensitivity_schemas import SensitivityAnswer
from service.settings import Settings
from service.uploads import read_upload


def sensitivity_router(
    catalogue: Catalogue, inspection: Inspection, settings: Settings
) -> APIRouter:
    """Sensitivities of the served models."""
    router = APIRouter(tags=["inspection"])

    async def sensitivity(
        request: Request, model: str, options: Annotated[SensitivityOptions, Query()]
    ) -> Response:
        """Which pixels, or which activations of a layer, a class, a channel or a neuron depends on.

        Several pictures are answered in their order; one that cannot be used costs the others
        nothing.
        """
        served = catalogue.find(model, request.path_params.get("version"))
        asked = read_options(options, served.manifest)
        timeout_ms = options.inspect_timeout_ms(settings)
        streamed = events.wants_events(request)
        if streamed and options.format != "json":
            raise InvalidQueryError(
                f"events end with JSON; expected format=json, received {options.format}",
                parameter="format",
                received=options.format,
            )
        check_size(asked, served.manifest, 1, settings)  # before the body is received
        upload = await read_upload(request, served.manifest.input, settings)
        check_size(asked, served.manifest, len(upload), settings)
        task = Task("sensitivity", served, request.receive, upload, timeout_ms)

        def work(job: Job) -> Response:
            return _answer(job, asked, options, settings)

        if streamed:
            return events.event_response(inspection, task, work)
        return await inspection.run(task, work)

    add_model_route(
        router,
        "/sensitivity",
        sensitivity,
        method="POST",
        answer=SensitivityAnswer,
        statuses=INSPECTION_STATUSES,
        body=PICTURES,
        success=in_formats("a map, or a sprite of channels", **EVENTS),
    )
    return router


def _answer(job: Job, asked: Asked, options: SensitivityOptions, settings: Settings) -> Response:
    """In the inspection thread: compute and write."""
    pictures = job.pictures
    if options.format != "json" and not pictures.good:
        raise UndecodableImageError("none of the pictures can be used; format=json says why")
    found = None
    if pictures.good:
        found = find_sensitivity(
            job,
            asked,
            max_batch=settings.max_batch,
            max_passes=settings.max_inspect_passes,
        )
    if options.format == "png" and found is not None:
        body, headers = draw_sensitivity(found, pictures, options)
        return Response(body, headers=headers, media_type="image/png")
    values = options.values if options.format == "json" else False
    answer = sensitivity_json(job, asked, found, values=values, max_values=settings.max_json_values)
    if options.format == "npz" and found is not None:
        name = f"{job.inspector.manifest.name}-sensitivity.npz"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        archive = write_arrays(found, answer, pictures.good)
        return Response(archive, headers=headers, media_type=archives.MEDIA_TYPE)
    body = orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, media_type="application/json")
