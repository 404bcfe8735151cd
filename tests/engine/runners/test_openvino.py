"""OpenVINO on a processor that it takes."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bundle.repository import Bundle
from engine.choosing import choose
from engine.classifier import Classifier
from engine.devices import Device
from engine.errors import PrecisionError
from engine.runners.openvino import open_openvino


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_it_answers_as_the_stock_provider_does(
    colours: Bundle, colour_pictures: np.ndarray, openvino: Device, threads: int
) -> None:
    expected = Classifier(colours).predict(colour_pictures)
    runner = open_openvino(
        colours, openvino, "fp32", threads=threads, max_batch=8, measure=threads == 0
    )
    assert (runner.device, runner.precision) == ("openvino", "fp32")
    for batch in (1, 2, 3):
        found = runner.run(colour_pictures[:batch], alone=batch == 1)
        np.testing.assert_allclose(found, expected[:batch], atol=1e-5)
    with ThreadPoolExecutor(runner.callers) as pool:
        for found in pool.map(runner.run, [colour_pictures] * 20):
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_bf16_is_what_the_processor_has(colours: Bundle, openvino: Device) -> None:
    assert openvino.plugin is not None
    if "BF16" in openvino.plugin.ep_metadata["OPTIMIZATION_CAPABILITIES"].split():
        assert choose(colours, device="openvino").runner.precision == "bf16"
        return
    assert choose(colours, device="openvino").runner.precision == "fp32"
    with pytest.raises(PrecisionError, match="openvino does not compute bf16 here"):
        choose(colours, device="openvino", precision="bf16")


def test_the_inside_comes_from_the_stock_provider(
    colours: Bundle,
    colour_pictures: np.ndarray,
    openvino: Device,  # noqa: ARG001  skips where there is none
) -> None:
    classifier = Classifier(colours, device="openvino")
    expected = Classifier(colours).activations(colour_pictures, ["pool"])["pool"]
    found = classifier.activations(colour_pictures, ["pool"])["pool"]
    np.testing.assert_array_equal(found, expected)
