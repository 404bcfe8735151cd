"""Sessions: what is loaded, and how many are kept."""

from pathlib import Path

import numpy as np
import pytest

from bundle.repository import INSPECT, PREDICT, Bundle
from engine.devices import CUDA, Device, check_active, parse_device
from engine.errors import DeviceError, GraphError
from engine.sessions import Sessions, open_session


def test_each_set_of_outputs_is_computed_alone(
    colours: Bundle, colour_pictures: np.ndarray
) -> None:
    sessions = Sessions(colours.path(INSPECT))
    (pool,) = sessions.run(["pool"], {"image": colour_pictures})
    np.testing.assert_allclose(pool, colour_pictures.mean((1, 2)) / 255, rtol=1e-5)
    predictions, again = sessions.run(["predictions", "pool"], {"image": colour_pictures})
    assert predictions.shape == (3, 3)
    np.testing.assert_array_equal(pool, again)


def test_only_the_last_used_sessions_are_kept(colours: Bundle) -> None:
    sessions = Sessions(colours.path(INSPECT), capacity=2)
    pictures = np.zeros((1, 48, 64, 3), np.uint8)
    for outputs in (["pool"], ["rescaling"], ["pool"], ["predictions"]):
        sessions.run(outputs, {"image": pictures})
    assert sessions.kept == [("pool",), ("predictions",)]


def test_an_unknown_output_is_a_graph_error(colours: Bundle) -> None:
    with pytest.raises(GraphError, match="no output 'conv9'"):
        Sessions(colours.path(INSPECT)).run(["conv9"], {})


def test_a_graph_that_does_not_load_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / PREDICT
    path.write_bytes(b"\x08\x08 not a graph")
    with pytest.raises(GraphError, match="ONNX Runtime cannot load the graph") as caught:
        open_session(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["gpu", "cuda:x", "CPU", "", "cuda:-1"])
def test_an_unknown_device_lists_the_known_ones(name: str) -> None:
    with pytest.raises(DeviceError, match="expected auto, cpu, cuda or cuda:N"):
        parse_device(name)


def test_a_device_that_this_installation_lacks_is_refused() -> None:
    with pytest.raises(DeviceError, match="needs the onnxruntime-gpu package"):
        parse_device("cuda:0")


def test_auto_takes_the_cpu_where_nothing_else_is() -> None:
    assert parse_device("auto").provider == "CPUExecutionProvider"


def test_a_session_that_fell_back_to_the_cpu_is_refused(colours: Bundle) -> None:
    session = open_session(colours.path(PREDICT))
    with pytest.raises(DeviceError, match=r"asked for CUDA\w+, which did not start; active: CPU"):
        check_active(session, Device(CUDA, {"device_id": "0"}))
