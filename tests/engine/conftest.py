"""Devices that a machine may have, and golden pictures."""

import numpy as np
import pytest

from bundle.repository import GOLDEN, Bundle
from engine.classifier import Classifier
from engine.devices import Device, parse_device
from engine.errors import DeviceError


@pytest.fixture
def openvino() -> Device:
    """OpenVINO's processor; where there is none, the test is skipped with the reason."""
    try:
        return parse_device("openvino")
    except DeviceError as error:
        pytest.skip(str(error))


@pytest.fixture
def golden_colours(colours: Bundle, colour_pictures: np.ndarray) -> Bundle:
    """The colour model with golden pictures, answered by itself."""
    answers = Classifier(colours, measure=False).predict(colour_pictures)
    np.savez(colours.path(GOLDEN), pixels=colour_pictures, predictions=answers)
    return colours
