"""The service keeps to its own OpenAPI document, whatever is asked: no 5xx, no status, type or
body that the document does not have."""

import io
import re
from typing import Any

import httpx
import numpy as np
import schemathesis
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig

from service.application import build_application
from service.routes.documented import openapi_document
from service.settings import Settings
from tests.engine.attribution.toys import HEIGHT, WIDTH
from tests.servers import Server
from tests.service.conftest import encode, picture

MAX_EXAMPLES = 15
"""Drawn at random for each operation, beside those that its schema's limits give."""
KNOWN: dict[str, dict[str, Any]] = {
    "model": {"type": "string", "enum": ["pooled", "odd", "logits"]},
    "version": {"enum": [1, "1"]},
    "layer": {"type": "array", "items": {"enum": ["conv", "pool", "input", "*"]}, "maxItems": 3},
    "target": {"enum": ["top1", "class:1", "label:boot", "channel:conv:2", "neuron:conv:1:2:3"]},
    "crop": {"anyOf": [{"type": "null"}, {"enum": ["0,1,3,5"]}]},
    "channel": {"type": "array", "items": {"enum": ["0", "1-3"]}, "maxItems": 3},
}
"""What the document calls text, and only this server's models can say: without it, nearly every
request would be 404. Half of the requests break these rules again."""
LEFT_OUT = re.compile(r".*/(unload|versions/\{version\}/(activations|sensitivity|selfcheck))")
"""The models are shared with other tests; and what answers without a version is asked already."""
CONFIG = {
    "seed": 7,
    "suppress-health-check": ["all"],
    "generation": {"max-examples": MAX_EXAMPLES, "database": "none"},
    "checks": {
        "enabled": False,
        "not_a_server_error": {"enabled": True, "expected-statuses": ["2xx", "4xx", 501, 504]},
        "status_code_conformance": {"enabled": True},
        "content_type_conformance": {"enabled": True},
        "response_schema_conformance": {"enabled": True},
        "unsupported_method": {"enabled": True},
    },
}
"""501 is the protocol's word for what it allows and this service does not do; 504 follows from a
`timeout_ms` of 1."""


def ready() -> bytes:
    """Two pictures of the networks' own size."""
    buffer = io.BytesIO()
    np.save(buffer, np.random.default_rng(3).integers(0, 256, (2, HEIGHT, WIDTH, 3), np.uint8))
    return buffer.getvalue()


PICTURES = st.sampled_from([encode(picture(0)), encode(picture(1), "JPEG"), b"", b"no picture"])
schemathesis.openapi.media_type("image/*", PICTURES)
schemathesis.openapi.media_type("application/octet-stream", PICTURES)
schemathesis.openapi.media_type("application/x-npy", st.sampled_from([ready(), ready()[:-1]]))


def known_document() -> dict[str, Any]:
    """Our document, with what the server's models are called."""
    document = openapi_document(build_application(Settings()).app)
    document["paths"] = {k: v for k, v in document["paths"].items() if not LEFT_OUT.fullmatch(k)}
    for methods in document["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                parameter["schema"] = KNOWN.get(parameter["name"], parameter["schema"])
            form = operation.get("requestBody", {}).get("content", {}).get("multipart/form-data")
            if form:
                form["encoding"] = {"image": {"contentType": "image/png"}}
    return document


schema = schemathesis.openapi.from_dict(
    known_document(), config=SchemathesisConfig.from_dict(CONFIG)
)


@schema.parametrize()
def test_every_answer_is_one_that_the_document_has(
    case: schemathesis.Case, inside_server: Server
) -> None:
    case.call_and_validate(base_url=inside_server.url)


def test_the_document_that_is_served_is_the_one_that_is_tested(inside: httpx.Client) -> None:
    served = inside.get("/openapi.json").json()
    assert served == openapi_document(build_application(Settings()).app)
    assert {
        "/v1/models/{model}/predict",
        "/v1/models/{model}/versions/{version}/activations",
        "/v2/models/{model}/infer",
        "/v2/repository/index",
        "/livez",
    } <= served["paths"].keys()
