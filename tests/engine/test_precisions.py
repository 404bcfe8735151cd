"""Precisions: what a bundle has, and what a device computes."""

from types import SimpleNamespace
from typing import Any

import pytest

from bundle.repository import Bundle
from engine.devices import Device
from engine.errors import PrecisionError
from engine.precisions import declared_precision, precisions_to_try

CAPABLE: Any = SimpleNamespace(ep_metadata={"OPTIMIZATION_CAPABILITIES": "FP32 BF16 INT8 BIN"})
PLAIN: Any = SimpleNamespace(ep_metadata={"OPTIMIZATION_CAPABILITIES": "FP32 INT8 BIN"})


def device(name: str, plugin: Any = None) -> Device:
    return Device(name, f"{name}'s provider", {}, plugin)


def test_auto_is_bf16_first_where_openvino_has_it() -> None:
    assert precisions_to_try(device("openvino", CAPABLE), "auto") == ("bf16", "fp32")
    assert precisions_to_try(device("openvino", PLAIN), "auto") == ("fp32",)
    for name in ("cpu", "cuda:0", "tensorrt:1"):
        assert precisions_to_try(device(name), "auto") == ("fp32",)


@pytest.mark.parametrize(
    ("name", "asked"),
    [("cpu", "int8"), ("cpu", "fp32"), ("cuda:0", "fp16"), ("tensorrt:0", "int8")],
)
def test_what_is_asked_for_is_taken_where_it_is_computed(name: str, asked: str) -> None:
    assert precisions_to_try(device(name), asked) == (asked,)


@pytest.mark.parametrize(
    ("name", "asked", "sentence"),
    [
        ("cuda:0", "int8", "cuda:0 does not compute int8 here; CUDA would compute it in fp32: use"),
        ("cpu", "fp16", "cpu does not compute fp16 here; x86 has no fp16 convolution: use cuda"),
        ("openvino", "fp16", "openvino does not compute fp16 here; x86 has no fp16"),
        ("cpu", "bf16", "cpu does not compute bf16 here; OpenVINO does, on processors that have"),
        ("openvino", "bf16", "openvino does not compute bf16 here"),
        ("cpu", "fp8", "cpu does not compute fp8 here; expected auto, fp32, bf16, fp16 or int8"),
    ],
)
def test_what_a_device_cannot_compute_is_refused_with_an_alternative(
    name: str, asked: str, sentence: str
) -> None:
    plugin = PLAIN if name == "openvino" else None
    with pytest.raises(PrecisionError, match=sentence):
        precisions_to_try(device(name, plugin), asked)


def test_a_precision_that_the_bundle_lacks_is_refused(colours: Bundle) -> None:
    with pytest.raises(PrecisionError, match="colours has no int8 graph; it has fp32: add one"):
        declared_precision(colours, "int8")


def test_bf16_is_the_fp32_graph_where_nothing_else_is_declared(colours: Bundle) -> None:
    assert declared_precision(colours, "bf16") == declared_precision(colours, "fp32")
