"""Warming up: every batch size is run before anybody waits for it, and timed."""

from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import numpy as np

from bundle.manifest import ImageInput
from engine.arrays import Pixels
from engine.errors import DeviceMemoryError
from engine.runners.runner import Runner

SECONDS = 0.2
"""Of each measurement: enough to tell layouts apart that differ by a tenth."""


def make_noise(spec: ImageInput, images: int) -> Pixels:
    """Seeded pictures to measure with: a network takes as long for noise as for a photo."""
    shape = (images, spec.height, spec.width, spec.channels)
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return noise if spec.dtype == "uint8" else noise.astype(np.float32)


def measure_curve(runner: Runner, spec: ImageInput, max_batch: int) -> dict[int, float]:
    """Seconds of a run by its batch size, while all callers are at work.

    Args:
        runner: the network on its device.
        spec: the network's input.
        max_batch: images in one run at most.

    Raises:
        DeviceMemoryError: not even one image fits.
    """
    sizes = runner.sizes or (*(1 << power for power in range(max_batch.bit_length())), max_batch)
    curve: dict[int, float] = {}
    for size in sorted(set(sizes)):
        try:
            # A run that takes long is timed cold: what the first costs more is little of it.
            warm = not curve or max(curve.values()) < SECONDS
            pace = measure_pace(runner, spec, size, warm=warm)
        except DeviceMemoryError:
            if not curve:
                raise
            break  # the smaller ones fit
        curve[size] = size * runner.callers / pace
    return curve


def measure_pace(runner: Runner, spec: ImageInput, batch: int, *, warm: bool = True) -> float:
    """Images a second with all callers at work, each on at least one batch of that size.

    Args:
        runner: the network on its device.
        spec: the network's input.
        batch: images of every run.
        warm: whether to run once before.

    Raises:
        DeviceMemoryError: the batch does not fit.
    """
    pixels = make_noise(spec, batch)
    if warm:
        runner.run(pixels)
    with ThreadPoolExecutor(runner.callers) as pool:
        begin = perf_counter()

        def call() -> int:
            runs = 0
            while not runs or perf_counter() - begin < SECONDS:
                runner.run(pixels)
                runs += 1
            return runs

        runs = [pool.submit(call) for _ in range(runner.callers)]
        images = batch * sum(future.result() for future in runs)
        return images / (perf_counter() - begin)
