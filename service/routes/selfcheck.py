"""`POST /v1/models/{model}/selfcheck`."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from engine.errors import UndecodableImageError
from service import events
from service.catalogue import Catalogue
from service.inspection import Inspection, Job, Task
from service.responses import json_response
from service.routes.documented import EVENTS, INSPECTION_STATUSES, PICTURES, add_model_route
from service.selfcheck_schemas import SelfCheckAnswer
from service.selfchecks import SelfCheckOptions, read_check, run_check
from service.settings import Settings
from service.uploads import read_upload


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
        timeout_ms = options.inspect_timeout_ms(settings)
        upload = await read_upload(request, served.manifest.input, settings)
        task = Task("selfcheck", served, request.receive, upload, timeout_ms)

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
        statuses=INSPECTION_STATUSES,
        body=PICTURES,
        success={"content": EVENTS},
    )
    return router
