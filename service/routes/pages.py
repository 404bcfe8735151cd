"""The plain pages: what is served, and what can be asked. No script, nothing from elsewhere."""

from html import escape
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import HTMLResponse

from service.catalogue import Catalogue
from service.responses import json_response
from service.routes.documented import openapi_document
from service.security_headers import page_headers

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; padding: .3rem .6rem }
tr { border-bottom: 1px solid #ccc; vertical-align: top } pre { overflow-x: auto }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd } a { color: #8bf } }
"""
_HEADERS = page_headers(_STYLE)


def pages_router(app: FastAPI, catalogue: Catalogue) -> APIRouter:
    """`/`, `/docs` and `/openapi.json`."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    async def index(request: Request) -> HTMLResponse:
        """What is served, with links."""
        example = f"curl --data-binary @photo.jpg {request.base_url}v1/models/MODEL/predict"
        rows = "".join(
            f"<tr><td><a href='/v1/models/{escape(served.manifest.name)}'>"
            f"{escape(served.manifest.name)}</a></td><td>{served.manifest.version}</td>"
            f"<td>{escape(served.manifest.source.architecture)}</td>"
            f"<td>{len(served.manifest.labels)}</td>"
            f"<td><a href='/v1/models/{escape(served.manifest.name)}/layers'>"
            f"{len(served.manifest.layers)}</a></td></tr>"
            for served in catalogue
        )
        head = "<tr><th>model<th>version<th>architecture<th>classes<th>layers</tr>"
        return _page(
            "Cutaway",
            f"<p>Serving these models. Send a picture:</p><pre>{escape(example)}</pre>"
            f"<table>{head}{rows}</table><p><a href='/docs'>what can be asked</a> · "
            "<a href='/openapi.json'>OpenAPI</a> · <a href='/readyz'>ready?</a> · "
            "<a href='/metrics'>metrics</a></p>",
        )

    @router.get("/openapi.json")
    async def openapi() -> Response:
        """The OpenAPI document."""
        return json_response(openapi_document(app))

    @router.get("/docs")
    async def docs() -> HTMLResponse:
        """The OpenAPI document as a table."""
        rows = "".join(
            _operation(path, method, operation)
            for path, methods in openapi_document(app)["paths"].items()
            for method, operation in methods.items()
        )
        head = "<tr><th>request<th>what it does<th>query<th>answers</tr>"
        return _page("What can be asked", f"<table>{head}{rows}</table>")

    return router


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    """One row: a method of a path."""
    query = ", ".join(
        escape(parameter["name"])
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "query"
    )
    statuses = ", ".join(operation["responses"])
    about = escape(operation.get("description", ""))
    return (
        f"<tr><td><code>{method.upper()} {escape(path)}</code><td>{about}<td>{query}"
        f"<td>{statuses}</tr>"
    )


def _page(title: str, body: str) -> HTMLResponse:
    """A page in the one look."""
    html = (
        f"<!doctype html><html lang='en'><meta charset='utf-8'><title>{title}</title>"
        f"<style>{_STYLE}</style><h1>{title}</h1>{body}</html>"
    )
    return HTMLResponse(html, headers=_HEADERS)
