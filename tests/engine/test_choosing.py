"""The choice: what was asked for, or the fastest that answers as Keras did."""

import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bundle.manifest import PrecisionName
from bundle.repository import GOLDEN, PREDICT, Bundle
from engine import choosing
from engine.arrays import Pixels, Scores
from engine.choosing import Wish, choose
from engine.classifier import Classifier
from engine.devices import CPU, KINDS, Device
from engine.errors import DeviceError, GraphError, PrecisionError
from engine.golden import GoldenError
from engine.runners.runner import Runner

CAPABLE: Any = SimpleNamespace(ep_metadata={"OPTIMIZATION_CAPABILITIES": "FP32 BF16"})
TWO = [Device("cpu", CPU), Device("openvino", "O", {}, CAPABLE)]


@dataclass
class Standing:
    """A runner that stands in for a device that this machine may lack: right or wrong, and slow."""

    answers: Classifier
    device: str
    precision: PrecisionName
    seconds: float = 0
    error: float = 0
    callers: int = 1
    decodes_apart: bool = False
    sizes: tuple[int, ...] = ()

    def run(self, pixels: Pixels, *, alone: bool = False) -> Scores:
        time.sleep(self.seconds)
        return self.answers.predict(pixels, alone=alone) + np.float32(self.error)

    def describe(self) -> str:
        return "stands in"


@pytest.fixture
def stand_in(golden_colours: Bundle, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the cpu and OpenVINO answer after so many seconds, so far off."""
    real = Classifier(golden_colours, measure=False)

    def prepare(**behaviour: dict[str, float]) -> None:
        def open_device(device: Device, precision: PrecisionName, _: Wish) -> Runner:
            told: Any = behaviour.get(precision) or behaviour.get(device.kind) or {}
            return Standing(real, device.name, precision, **told)

        monkeypatch.setattr(choosing, "candidates", lambda: (TWO, {"cuda": "no NVIDIA GPU"}))
        monkeypatch.setattr(choosing, "_open", open_device)

    return prepare


def test_the_device_that_was_asked_for_is_taken(golden_colours: Bundle) -> None:
    choice = choose(golden_colours, device="cpu", measure=False)
    assert (choice.runner.device, choice.runner.precision) == ("cpu", "fp32")
    assert choice.refused == dict.fromkeys(KINDS[1:], "the device is set to cpu")


def test_auto_runs_something_and_explains_the_rest(golden_colours: Bundle) -> None:
    choice = choose(golden_colours)
    kind = choice.runner.device.partition(":")[0]
    assert set(choice.refused) == set(KINDS) - {kind}
    assert all(choice.refused.values())


def test_auto_takes_the_fastest(golden_colours: Bundle, stand_in: Any) -> None:
    stand_in(cpu={"seconds": 0.05}, openvino={"seconds": 0.001})
    choice = choose(golden_colours)
    assert (choice.runner.device, choice.runner.precision) == ("openvino", "bf16")
    assert choice.refused["cuda"] == "no NVIDIA GPU"
    assert choice.refused["cpu"].startswith("slower here: 0.0")
    assert choice.refused["cpu"].endswith(" × openvino")


def test_auto_leaves_what_answers_wrongly(golden_colours: Bundle, stand_in: Any) -> None:
    stand_in(cpu={"seconds": 0.02}, openvino={"error": 0.1}, bf16={"error": 0.1})
    choice = choose(golden_colours)
    assert choice.runner.device == "cpu"
    assert choice.refused["openvino"].startswith("openvino in fp32: the golden pictures of colours")
    assert "differ by 0.1 " in choice.refused["openvino"]


def test_bf16_that_answers_wrongly_gives_way_to_fp32(golden_colours: Bundle, stand_in: Any) -> None:
    stand_in(cpu={"seconds": 0.05}, bf16={"error": 0.1})
    choice = choose(golden_colours)
    assert (choice.runner.device, choice.runner.precision) == ("openvino", "fp32")


def test_bf16_that_was_asked_for_is_not_exchanged(golden_colours: Bundle, stand_in: Any) -> None:
    stand_in(bf16={"error": 0.1})
    with pytest.raises(PrecisionError, match="cpu does not compute bf16"):
        choose(golden_colours, device="cpu", precision="bf16")
    with pytest.raises(GoldenError, match=r"golden pictures of colours version 1 differ by 0\.1"):
        choose(golden_colours, precision="bf16")


def test_without_measuring_the_first_that_answers_rightly_is_taken(
    golden_colours: Bundle, stand_in: Any
) -> None:
    stand_in(cpu={"seconds": 0.05})
    assert choose(golden_colours, measure=False).runner.device == "cpu"


@pytest.mark.parametrize("device", ["auto", "cpu"])
def test_a_bundle_that_nothing_answers_rightly_does_not_start(
    golden_colours: Bundle, colour_pictures: np.ndarray, device: str
) -> None:
    wrong = np.eye(3, dtype=np.float32)[::-1]
    np.savez(golden_colours.path(GOLDEN), pixels=colour_pictures, predictions=wrong)
    with pytest.raises(GoldenError, match="golden pictures"):
        choose(golden_colours, device=device)


@pytest.mark.parametrize("device", ["gpu", "cuda:x", "tensorrt:-1"])
def test_an_unknown_device_does_not_start(colours: Bundle, device: str) -> None:
    with pytest.raises(DeviceError, match="no device"):
        choose(colours, device=device)


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda"])
def test_a_precision_that_the_bundle_lacks_does_not_start(colours: Bundle, device: str) -> None:
    with pytest.raises(PrecisionError, match="colours has no int8 graph; it has fp32"):
        choose(colours, device=device, precision="int8")


def test_a_precision_that_no_device_here_computes_names_an_alternative(colours: Bundle) -> None:
    entry = colours.manifest.precisions[0].model_copy(update={"name": "fp16"})
    manifest = colours.manifest.model_copy(
        update={"precisions": (*colours.manifest.precisions, entry)}
    )
    with pytest.raises(PrecisionError, match="x86 has no fp16 convolution: use cuda or tensorrt"):
        choose(Bundle(colours.folder, manifest), device="cpu", precision="fp16")


def test_a_graph_that_is_not_the_manifests_is_named(colours: Bundle) -> None:
    colours.path(PREDICT).write_bytes(b"\x08\x08 not a graph")
    with pytest.raises(GraphError, match="ONNX Runtime cannot load the graph"):
        choose(colours)
