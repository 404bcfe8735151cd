"""Who may ask for what."""

import json
import struct
import time
from collections.abc import Callable

import httpx
import pytest

from service.access import is_open, scope_of
from service.application import build_application
from service.key_file import Scope, new_key
from service.routes.documented import openapi_document
from service.settings import Settings
from tests.service.guards.guarded import Guarded, connected

PREDICT = "/v1/models/colours/predict"
ACTIVATIONS = "/v1/models/colours/activations?layer=pool"
INFER = "/v2/models/colours/infer"
INDEX = "/v2/repository/index"
VERBS = {
    "predict": Scope.PREDICT,
    "infer": Scope.PREDICT,
    "activations": Scope.INSPECT,
    "sensitivity": Scope.INSPECT,
    "selfcheck": Scope.INSPECT,
    "index": Scope.ADMIN,
    "load": Scope.ADMIN,
    "unload": Scope.ADMIN,
}


def test_every_route_that_works_needs_a_key_that_may() -> None:
    document = openapi_document(build_application(Settings()).app)
    paths = {path for path, methods in document["paths"].items() if "post" in methods}
    assert {path.rpartition("/")[2] for path in paths} == set(VERBS), "say what key it needs"
    for path in paths:
        assert not is_open(path)
        assert scope_of(path) == VERBS[path.rpartition("/")[2]]


def test_nothing_is_open_but_health_metrics_and_documents() -> None:
    document = openapi_document(build_application(Settings()).app)
    assert {path for path in document["paths"] if is_open(path)} == {
        "/livez",
        "/metrics",
        "/readyz",
        "/v2",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/models/{model}/ready",
        "/v2/models/{model}/versions/{version}/ready",
    }


@pytest.mark.parametrize(
    "path", ["/", "/docs", "/openapi.json", "/livez", "/readyz", "/metrics", "/v2/health/ready"]
)
def test_some_paths_ask_nobody_who_they_are(guarded: Guarded, path: str) -> None:
    with guarded.stranger() as client:
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", [PREDICT, ACTIVATIONS, "/v1/models", "/v1/nothing-there"])
def test_without_a_key_nothing_else_is_answered(
    guarded: Guarded, refused: Callable, pictures: tuple[bytes, ...], path: str
) -> None:
    with guarded.stranger() as client:
        answer = client.post(path, content=pictures[0])
    error = refused(answer, 401, "unauthenticated")
    assert "Authorization: Bearer" in error["message"]
    assert answer.headers["www-authenticate"] == 'Bearer realm="cutaway"'


@pytest.mark.parametrize("path", [INFER, INDEX, "/v2/models/colours"])
def test_under_v2_the_refusal_is_the_protocols(guarded: Guarded, path: str) -> None:
    with guarded.stranger() as client:
        answer = client.post(path, content=b"{}")
    assert answer.status_code == 401
    assert list(answer.json()) == ["error"]
    assert "received none" in answer.json()["error"]


@pytest.mark.parametrize(
    ("who", "path", "status"),
    [
        ("predict", PREDICT, 200),
        ("all", PREDICT, 200),
        ("inspect", PREDICT, 403),
        ("admin", PREDICT, 403),
        ("inspect", ACTIVATIONS, 200),
        ("predict", ACTIVATIONS, 403),
        ("admin", INDEX, 200),
        ("predict", INDEX, 403),
        ("inspect", INDEX, 403),
    ],
)
def test_a_key_may_what_its_scopes_say(
    guarded: Guarded, pictures: tuple[bytes, ...], who: str, path: str, status: int
) -> None:
    with guarded.client(who) as client:
        answer = client.post(path, content=b"" if path == INDEX else pictures[0])
    assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("who", "outputs", "status"),
    [
        ("predict", ["predictions"], 200),
        ("predict", ["predictions", "pool"], 403),
        ("inspect", ["pool"], 403),
        ("all", ["predictions", "pool"], 200),
    ],
)
def test_layers_as_outputs_need_a_key_that_may_inspect(
    guarded: Guarded, pictures: tuple[bytes, ...], who: str, outputs: list[str], status: int
) -> None:
    image = {
        "name": "image",
        "datatype": "BYTES",
        "shape": [1],
        "parameters": {"binary_data_size": len(pictures[0]) + 4},
    }
    text = json.dumps({"inputs": [image], "outputs": [{"name": name} for name in outputs]})
    body = text.encode() + struct.pack("<I", len(pictures[0])) + pictures[0]
    headers = {"Inference-Header-Content-Length": str(len(text))}
    with guarded.client(who) as client:
        answer = client.post(INFER, content=body, headers=headers)
    assert answer.status_code == status, answer.text


def test_every_key_may_read_what_is_served(guarded: Guarded) -> None:
    with guarded.client("predict") as client:
        assert client.get("/v1/models/colours/layers").status_code == 200


def test_what_is_missing_is_said(guarded: Guarded, refused: Callable) -> None:
    with guarded.client("predict") as client:
        error = refused(client.post(ACTIVATIONS), 403, "forbidden")
    assert error["message"] == (
        "expected a key that may inspect, received 'predict', which may predict"
    )
    assert error["details"] == {"scope": "inspect"}


def test_two_keys_at_once_are_none(guarded: Guarded, refused: Callable) -> None:
    keys = [("Authorization", f"Bearer {guarded.tokens[who]}") for who in ("predict", "admin")]
    answer = httpx.get(f"{guarded.server.url}/v1/models", headers=keys)
    refused(answer, 401, "unauthenticated")


def test_a_body_without_a_key_is_not_received(guarded: Guarded) -> None:
    with connected(guarded.server.url) as connection:
        connection.sendall(
            f"POST {PREDICT} HTTP/1.1\r\nHost: x\r\nContent-Length: 30000000\r\n"
            "Expect: 100-continue\r\n\r\n".encode()
        )
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 401 "), "the server asked for the body"


def test_a_running_server_takes_a_new_key_and_forgets_an_old_one(guarded: Guarded) -> None:
    before = guarded.keys.read_text()
    token, line = new_key("guest", [Scope.PREDICT])

    def status() -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.get(f"{guarded.server.url}/v1/models", headers=headers).status_code

    def wait_for(wanted: int) -> None:
        deadline = time.monotonic() + 30
        while status() != wanted:
            assert time.monotonic() < deadline
            time.sleep(0.1)

    assert status() == 401
    guarded.keys.write_text(before + line + "\n")
    wait_for(200)
    guarded.keys.write_text(before)
    wait_for(401)


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site"])
def test_without_keys_no_page_administers_the_service(client: httpx.Client, header: str) -> None:
    answer = client.post(INDEX, headers={header: "https://elsewhere.example"})
    assert answer.status_code == 403
    assert "no web page" in answer.json()["error"]
    assert client.post(INDEX).status_code == 200


def test_the_document_says_where_a_key_may_be_asked_for() -> None:
    document = openapi_document(build_application(Settings()).app)
    assert document["components"]["securitySchemes"]["key"]["scheme"] == "bearer"
    for path, methods in document["paths"].items():
        for operation in methods.values():
            refusals = {"401", "403", "429"} & set(operation["responses"])
            assert ("security" in operation) == (not is_open(path))
            assert is_open(path) or len(refusals) == 3
