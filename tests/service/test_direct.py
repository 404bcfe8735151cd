"""Direct routes answer as FastAPI's own do, and are documented as they are."""

import asyncio
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field

from service.handlers import add_handlers
from service.responses import json_response
from service.routes.direct import DirectRoute


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    top_k: int | None = Field(default=None, ge=1)
    label: str = "none"


async def echo(request: Request, model: str, options: Annotated[Options, Query()]) -> Response:
    body = await request.body()
    return json_response({"model": model, "body": body.decode(), **options.model_dump()})


def application(route_class: type[APIRoute]) -> FastAPI:
    router = APIRouter(route_class=route_class)
    router.add_api_route("/models/{model}/echo", echo, methods=["POST"])
    app = FastAPI()
    app.include_router(router)
    add_handlers(app)
    return app


def ask(app: FastAPI, method: str, query: str) -> httpx.Response:
    async def one() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.request(method, f"/models/a%20b/echo{query}", content=b"sent")

    return asyncio.run(one())


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?",
        "?top_k=3",
        "?top_k=3&top_k=4",
        "?top_k=0",
        "?top_k=",
        "?top_k=x",
        "?top_k=0x10",
        "?topk=3",
        "?label=",
        "?label=a+b%20c%26&top_k=7",
        "?label=%C3%BC%FF",
        "?top_k=3&nonsense",
        "?&&=&label=x",
    ],
)
def test_every_query_is_answered_as_fastapi_does(query: str) -> None:
    plain, direct = (ask(application(kind), "POST", query) for kind in (APIRoute, DirectRoute))
    assert (direct.status_code, direct.content) == (plain.status_code, plain.content)
    assert direct.status_code in (200, 400)


def test_another_method_is_405_still() -> None:
    answer = ask(application(DirectRoute), "GET", "")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


def test_the_document_is_the_same() -> None:
    assert application(DirectRoute).openapi() == application(APIRoute).openapi()
