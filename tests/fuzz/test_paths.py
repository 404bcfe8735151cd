"""Paths, queries and methods that nobody documented; and what they leave behind in the metrics."""

import re

from hypothesis import strategies as st

from tests.fuzz.conftest import Ask
from tests.fuzz.networks import NETWORKS
from tests.fuzz.road import Asked
from tests.fuzz.rounds import fuzz

TEMPLATES = [
    *("/", "/docs", "/openapi.json", "/livez", "/readyz", "/metrics", "/v1/models", "/schema.json"),
    *("/v1/models/{}", "/v1/models/{}/layers", "/v1/models/{}/versions/{}/layers"),
    *("/v1/models/{}/predict", "/v1/models/{}/versions/{}/activations", "/v1/models/{}/selfcheck"),
    *("/v1/models/{}/sensitivity", "/v1/models/{}/layers/{}/channels/{}", "/v1/{}/{}", "/{}"),
    *(
        "/v2",
        "/v2/",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2/{}",
        "/v2/models",
        "/v2/models/{}",
    ),
    *("/v2/models/{}/ready", "/v2/models/{}/versions/{}/config", "/v2/models/{}/stats"),
    *("/v2/models/{}/versions/{}/infer", "/v2/repository/index", "/v2/repository/models/{}/reload"),
]
NAMES = st.sampled_from([*NETWORKS, "1", "2", "default", "", ".", "..", "%00", "plain/", "{}"])
ODD_NAMES = NAMES | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
METHODS = st.sampled_from(["GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "ODD", ""])
QUERIES = st.lists(
    st.sampled_from(
        [
            *(
                "top_k=1",
                "top_k=0",
                "top_k=1",
                "timeout_ms=9000",
                "layer=pool",
                "layer=*",
                "format=png",
            ),
            *(
                "format=npz",
                "x=y",
                "=",
                "&&",
                "%ff",
                "method=occlusion",
                "target=class:1",
                "values=true",
            ),
        ]
    ),
    max_size=3,
).map("&".join)


@st.composite
def requests(draw: st.DrawFn) -> Asked:
    """Any path of the service or near one, by any method, with a body of nothing."""
    template = draw(st.sampled_from(TEMPLATES))
    names = [draw(ODD_NAMES) for _ in range(template.count("{}"))]
    path = template.format(*names)
    return Asked(path, query=draw(QUERIES), method=draw(METHODS))


def test_no_path_is_our_fault_or_leaves_a_label_behind(ask: Ask) -> None:
    def check(asked: Asked) -> None:
        ask(asked)

    fuzz(requests(), check, share=0.05)
    shown = ask(Asked("/metrics", method="GET")).body.decode()
    assert set(re.findall(r'[{,]model="([^"]*)"', shown)) <= NETWORKS.keys()
    assert all(len(method) <= 7 for method in re.findall(r'method="([^"]*)"', shown))
    routes = set(re.findall(r'route="([^"]*)"', shown))
    assert all(route == "unmatched" or route.startswith("/") for route in routes)
    assert "%00" not in "".join(routes)
    assert len(routes) < 60
