"""Direct routes answer as FastAPI's own do, and are documented as they are."""

import asyncio
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import ASGIApp

from engine.errors import QueueFullError
from service.handlers import add_handlers
from service.responses import json_response
from service.routes.direct import DirectRoutes


class Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    top_k: int | None = Field(default=None, ge=1)
    label: str = "none"


async def echo(request: Request, model: str, options: Annotated[Options, Query()]) -> Response:
    body = await request.body()
    return json_response({"model": model, "body": body.decode(), **options.model_dump()})


async def refuse(request: Request, model: str, options: Annotated[Options, Query()]) -> Response:
    raise QueueFullError(f"no room for {model} on {request.url.path}, {options}", 2.5)


def application(*, direct: bool) -> ASGIApp:
    router = APIRouter()
    router.add_api_route("/models/{model}/echo", echo, methods=["POST"])
    router.add_api_route("/models/{model}/versions/{version}/echo", echo, methods=["POST"])
    router.add_api_route("/models/{model}/refuse", refuse, methods=["POST"])
    app = FastAPI()
    app.include_router(router)
    add_handlers(app)
    return DirectRoutes(app, router.routes) if direct else app


def ask(app: ASGIApp, method: str, query: str, path: str = "a%20b/echo") -> httpx.Response:
    async def one() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return await client.request(method, f"/models/{path}{query}", content=b"sent")

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
    plain, direct = (ask(application(direct=kind), "POST", query) for kind in (False, True))
    assert (direct.status_code, direct.content) == (plain.status_code, plain.content)
    assert direct.status_code in (200, 400)


@pytest.mark.parametrize(
    "path", ["a/versions/3/echo", "a/echo/", "a/b/echo", "/echo", "a/refuse", "%C3%BC/echo", "a"]
)
def test_every_path_is_answered_as_fastapi_does(path: str) -> None:
    plain, direct = (ask(application(direct=kind), "POST", "", path) for kind in (False, True))
    assert (direct.status_code, direct.content) == (plain.status_code, plain.content)
    assert direct.headers == plain.headers


def test_another_method_is_405_still() -> None:
    answer = ask(application(direct=True), "GET", "")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"


def test_what_a_route_answers_does_not_reach_fastapi() -> None:
    async def nobody(*event: object) -> None:
        raise AssertionError(event)

    router = APIRouter()
    router.add_api_route("/models/{model}/echo", echo, methods=["POST"])
    assert ask(DirectRoutes(nobody, router.routes), "POST", "").json()["model"] == "a b"
