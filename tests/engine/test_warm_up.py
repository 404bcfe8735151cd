"""Warming up: a time for every batch size."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from bundle.manifest import ImageInput, PrecisionName
from engine import warm_up
from engine.arrays import Pixels, Scores
from engine.errors import DeviceMemoryError
from engine.warm_up import make_noise, measure_curve

SPEC = ImageInput(height=6, width=8, channels=3)


@dataclass
class Counting:
    """A runner that notes its batches and has room for some."""

    sizes: tuple[int, ...] = ()
    room: int = 100
    device: str = "cpu"
    precision: PrecisionName = "fp32"
    callers: int = 2
    decodes_apart: bool = False
    batches: set[int] = field(default_factory=set)

    def run(self, pixels: Pixels, *, alone: bool = False) -> Scores:  # noqa: ARG002  as a Runner
        if len(pixels) > self.room:
            raise DeviceMemoryError("no room")
        self.batches.add(len(pixels))
        return np.zeros((len(pixels), 3), np.float32)

    def describe(self) -> str:
        return "counts"


@pytest.fixture(autouse=True)
def briefly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(warm_up, "SECONDS", 0.002)


@pytest.mark.parametrize(
    ("max_batch", "expected"), [(1, [1]), (6, [1, 2, 4, 6]), (8, [1, 2, 4, 8])]
)
def test_powers_of_two_and_the_largest_batch_are_timed(max_batch: int, expected: list[int]) -> None:
    runner = Counting()
    curve = measure_curve(runner, SPEC, max_batch)
    assert list(curve) == expected == sorted(runner.batches)
    assert all(seconds > 0 for seconds in curve.values())


def test_padded_sizes_are_timed_as_they_are() -> None:
    assert list(measure_curve(Counting(sizes=(1, 3, 9)), SPEC, 9)) == [1, 3, 9]


def test_sizes_that_do_not_fit_are_left_out() -> None:
    assert list(measure_curve(Counting(room=3), SPEC, 8)) == [1, 2]


def test_a_device_without_room_for_one_picture_is_refused() -> None:
    with pytest.raises(DeviceMemoryError):
        measure_curve(Counting(room=0), SPEC, 8)


def test_noise_has_the_networks_size_and_type() -> None:
    noise = make_noise(SPEC.model_copy(update={"dtype": "float32"}), 5)
    assert (noise.shape, noise.dtype) == ((5, 6, 8, 3), np.float32)
