"""`POST /v1/models/{model}/selfcheck`."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from engine.errors import UndecodableImageError
from service import events
from service.catalogue import Catalogue
from service.deadlines import request_timeout_ms
from service.inspection import Inspection, Job, Task
from service.responses import json_response
from service.routes.documented import PICTURES, add_model_route
from service.selfcheck_schemas import SelfCheckAnswer
from service.selfchecks import SelfCheckOptions, read_check, run_check
from service.settings import Settings
from service.uploads import read_upload

_SUCCESS: dict[str, Any] = {"content": {events.MEDIA_TYPE: {"schema": events.SCHEMA}}}


def selfcheck_router(catalogue: Catalogue, inspection: Inspection, settings: Settings) -> APIRouter:
    """Self-checks of the served models."""
    router = APIRouter(tags=["inspection"])

    async def selfcheck(
        request: Request, model: str, options: Annotated[SelfCheckOptions, Query()]
    ) -> Response:
        """Whether the model's explanations change when its layers are made random.

        From the head down, stage by stage, weights are shuffled in a copy in memory; maps that stay
        alike show the picture, not the model. The served model is not touched.
        """
        served = catalogue.find(model, request.path_params.get("version"))
        check = read_check(options, served.manifest)
        timeout_ms = request_timeout_ms(
            options.timeout_ms,
            default=settings.inspect_timeout_ms,
            most=settings.max_inspect_timeout_ms,
        )
        upload = await read_upload(request, served.manifest.input, settings)
        task = Task("selfcheck", served, request, upload, timeout_ms)

        def work(job: Job) -> Response:
            if not job.pictures.good:
                raise UndecodableImageError("none of the pictures can be used")
            return json_response(run_check(job, check, settings))

        if events.wants_events(request):
            return events.event_response(inspection, task, work)
        return await inspection.run(task, work)

    add_model_route(
        router,
        "/selfcheck",
        selfcheck,
        method="POST",
        answer=SelfCheckAnswer,
        statuses=(400, 408, 413, 415, 422, 429, 504),
        body=PICTURES,
        success=_SUCCESS,
    )
    return router
