"""What every answer has in common: paths, health, identity, documents, metrics."""

from collections.abc import Callable

import httpx
import pytest

from service.errors import STATUSES


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/v1",
        "/v1/models/",
        "/healthz",
        "/schema.json",
        "/docs.json",
        "/static_content/index.css",
    ],
)
def test_an_unknown_path_is_404_even_where_bentoml_has_something(
    client: httpx.Client, refused: Callable[..., dict], path: str
) -> None:
    refused(client.get(path), 404, "not_found")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/v1/models", "/metrics", "/"])
def test_another_method_is_405(
    client: httpx.Client, refused: Callable[..., dict], path: str
) -> None:
    refused(client.delete(path), 405, "method_not_allowed")


def test_health_is_ours(client: httpx.Client) -> None:
    assert client.get("/livez").json() == {"status": "live"}
    assert client.get("/readyz").json() == {"status": "ready"}


def test_a_sane_request_id_comes_back_and_another_is_replaced(client: httpx.Client) -> None:
    given = client.get("/livez", headers={"X-Request-ID": "from-the-client-7"})
    assert given.headers["x-request-id"] == "from-the-client-7"
    for bad in ("x" * 129, "with space", "with\ttab", "ümlaut"):
        fresh = client.get("/nothing", headers={b"X-Request-ID": bad.encode()})
        assert len(fresh.headers["x-request-id"]) == 32


def test_the_openapi_document_names_every_route_its_errors_and_bodies(
    client: httpx.Client,
) -> None:
    document = client.get("/openapi.json").json()
    assert sorted(path for path in document["paths"] if not path.startswith("/v2")) == [
        "/livez",
        "/metrics",
        "/readyz",
        "/v1/models",
        "/v1/models/{model}",
        "/v1/models/{model}/activations",
        "/v1/models/{model}/layers",
        "/v1/models/{model}/predict",
        "/v1/models/{model}/selfcheck",
        "/v1/models/{model}/sensitivity",
        "/v1/models/{model}/versions/{version}",
        "/v1/models/{model}/versions/{version}/activations",
        "/v1/models/{model}/versions/{version}/layers",
        "/v1/models/{model}/versions/{version}/predict",
        "/v1/models/{model}/versions/{version}/selfcheck",
        "/v1/models/{model}/versions/{version}/sensitivity",
    ]
    predict = document["paths"]["/v1/models/{model}/versions/{version}/predict"]["post"]
    elsewhere = {"422", "501"}  # for inspections, in the protocol
    statuses = {str(status) for status, _ in STATUSES.values()} - elsewhere | {"200", "500"}
    assert set(predict["responses"]) == statuses
    assert set(predict["requestBody"]["content"]) == {
        "image/*",
        "application/octet-stream",
        "multipart/form-data",
        "application/x-npy",
    }
    parameters = {parameter["name"] for parameter in predict["parameters"]}
    assert parameters == {"model", "version", "top_k", "timeout_ms"}
    assert "HTTPValidationError" not in str(document)
    for status in statuses - {"200"}:
        schema = predict["responses"][status]["content"]["application/json"]["schema"]
        assert schema["$ref"].endswith("/ErrorBody")


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_the_pages_need_nothing_from_elsewhere(client: httpx.Client, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in page.text
    assert "src=" not in page.text
    assert "colours" in client.get("/").text
    assert "/v1/models/{model}/predict" in client.get("/docs").text


def test_the_front_page_shows_a_request_to_this_very_server(client: httpx.Client) -> None:
    example = f"curl --data-binary @photo.jpg {client.base_url}/v1/models/MODEL/predict"
    assert example in client.get("/").text


def test_metrics_count_requests_pictures_and_batches(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    client.post("/v1/models/colours/predict", content=pictures[0])
    client.post("/v1/models/colours/predict", content=b"nothing")
    client.get("/some/path/of/the/client")
    client.request("BREW", "/livez")
    text = client.get("/metrics").text
    route = 'route="/v1/models/{model}/predict"'
    assert f'cutaway_requests_total{{method="POST",{route},status="200"}}' in text
    assert f'cutaway_requests_total{{method="POST",{route},status="415"}}' in text
    assert f'cutaway_errors_total{{code="unsupported_image",{route}}}' in text
    assert 'cutaway_errors_total{code="not_found",route="unmatched"}' in text
    assert 'cutaway_images_total{model="colours",outcome="predicted",version="2"}' in text
    assert 'cutaway_images_total{model="colours",outcome="unsupported_image",version="2"}' in text
    assert 'cutaway_batch_size_bucket{le="1",model="colours",version="2"}' in text
    assert 'cutaway_queued_images{model="colours",version="2"} 0.0' in text
    assert 'route="unmatched"' in text
    assert "/some/path" not in text
    assert "BREW" not in text
