"""Sessions: what is loaded, and how many are kept."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest

from bundle.repository import INSPECT, PREDICT, Bundle
from engine.errors import GraphError
from engine.graphs import constant_bytes, load_graph, prune
from engine.sessions import Sessions, open_session


def pruned_to(bundle: Bundle, *outputs: str) -> Callable[[], onnx.ModelProto]:
    """Builds the inspection graph with these outputs alone."""
    return lambda: prune(load_graph(bundle.path(INSPECT)), outputs)


def test_a_session_is_built_once_for_its_key(colours: Bundle, colour_pictures: np.ndarray) -> None:
    sessions = Sessions(colours.folder)
    first = sessions.find("pool", pruned_to(colours, "pool"))
    assert sessions.find("pool", pruned_to(colours, "rescaling")) is first
    (pool,) = first.run(["pool"], {"image": colour_pictures})
    np.testing.assert_allclose(pool, colour_pictures.mean((1, 2)) / 255, rtol=1e-5)


def test_only_the_last_used_sessions_are_kept(colours: Bundle) -> None:
    sessions = Sessions(colours.folder, capacity=2)
    for name in ("pool", "rescaling", "pool", "predictions"):
        sessions.find(name, pruned_to(colours, name))
    assert sessions.kept == ["pool", "predictions"]


def test_the_kept_sessions_hold_no_more_bytes_than_allowed(colours: Bundle) -> None:
    one = constant_bytes(pruned_to(colours, "predictions")())
    sessions = Sessions(colours.folder, max_bytes=2 * one)
    for key in range(4):
        sessions.find(key, pruned_to(colours, "predictions"))
    assert sessions.kept == [2, 3]
    assert sessions.held_bytes == 2 * one


def test_a_session_above_the_bound_is_used_and_costs_the_others_nothing(colours: Bundle) -> None:
    sessions = Sessions(colours.folder, max_bytes=constant_bytes(pruned_to(colours, "pool")()))
    sessions.find("pool", pruned_to(colours, "pool"))
    large = sessions.find("all", pruned_to(colours, "predictions", "pool"))
    assert [output.name for output in large.get_outputs()] == ["predictions", "pool"]
    assert sessions.kept == ["pool"]


def test_two_threads_that_ask_for_the_same_session_share_one(colours: Bundle) -> None:
    sessions = Sessions(colours.folder)
    built: list[str] = []

    def build() -> onnx.ModelProto:
        built.append("pool")
        time.sleep(0.05)  # the other thread asks meanwhile
        return pruned_to(colours, "pool")()

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.map(lambda _: sessions.find("pool", build), range(2))
    assert first is second
    assert built == ["pool"]


def test_a_session_that_failed_to_open_is_tried_again(colours: Bundle) -> None:
    sessions = Sessions(colours.folder)
    with pytest.raises(GraphError, match="no output 'conv9'"):
        sessions.find("key", pruned_to(colours, "conv9"))
    assert sessions.kept == []
    assert sessions.find("key", pruned_to(colours, "pool"))


def test_a_graph_that_does_not_load_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / PREDICT
    path.write_bytes(b"\x08\x08 not a graph")
    with pytest.raises(GraphError, match="ONNX Runtime cannot load the graph") as caught:
        open_session(path)
    assert "\n" not in str(caught.value)
