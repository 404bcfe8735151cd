"""What pages of other origins get, and what every answer tells browsers."""

import base64
import hashlib
import re

import httpx
import pytest

from service.settings import Settings, SettingsError, read_settings
from tests.service.guards.guarded import ORIGIN, Guarded

PREDICT = "/v1/models/colours/predict"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


def test_a_page_of_a_named_origin_may_ask_and_read(
    guarded: Guarded, pictures: tuple[bytes, ...]
) -> None:
    with guarded.client("predict") as client:
        asked = client.options(PREDICT, headers={**PREFLIGHT, "Origin": ORIGIN})
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == ORIGIN
        answer = client.post(PREDICT, content=pictures[0], headers={"Origin": ORIGIN})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert "x-cutaway-range" in answer.headers["access-control-expose-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers


def test_a_browser_asks_before_it_shows_a_key(guarded: Guarded) -> None:
    with guarded.stranger() as client:
        asked = client.options(PREDICT, headers={**PREFLIGHT, "Origin": ORIGIN})
        assert asked.status_code == 200
        refusal = client.post(PREDICT, headers={"Origin": ORIGIN})
    assert refusal.status_code == 401
    assert refusal.headers["access-control-allow-origin"] == ORIGIN, "the page may read why"


def test_a_page_of_another_origin_may_not(guarded: Guarded, pictures: tuple[bytes, ...]) -> None:
    other = {"Origin": "https://app.example.attacker.example"}
    with guarded.client("predict") as client:
        asked = client.options(PREDICT, headers={**PREFLIGHT, **other})
        answer = client.post(PREDICT, content=pictures[0], headers=other)
    assert asked.status_code == 400
    for one in (asked, answer):
        assert "access-control-allow-origin" not in one.headers


def test_without_the_setting_nothing_is_said_of_origins(client: httpx.Client) -> None:
    answer = client.get("/v1/models", headers={"Origin": ORIGIN})
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("value", ["app.example", "https://a.example/", "ftp://a", "*,https://a"])
def test_an_origin_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("CUTAWAY_CORS_ORIGINS", value)
    with pytest.raises(SettingsError, match="CUTAWAY_CORS_ORIGINS"):
        read_settings()


def test_origins_are_a_list_or_a_star() -> None:
    for value in ("", "*", "http://localhost:8080", "https://a.example,https://b.example"):
        assert Settings(cors_origins=value).cors_origins == value


@pytest.mark.parametrize("path", ["/", "/docs"])
def test_a_page_loads_nothing_and_is_framed_by_nobody(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    [style] = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"].split("; ")
    assert "default-src 'none'" in policy
    assert f"style-src 'sha256-{digest}'" in policy, "its own style would not apply"
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in answer.text
    assert " style=" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/openapi.json", "/metrics", "/v1/models", "/v1/nothing", "/v2", "/v2/nothing"]
)
def test_no_answer_is_to_be_sniffed(client: httpx.Client, path: str) -> None:
    assert client.get(path).headers["x-content-type-options"] == "nosniff"
