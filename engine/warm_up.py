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
    for size in sorted({size for size in sizes if size <= max_batch or runner.sizes}):
        try:
            pace = measure_pace(runner, spec, size)
        except DeviceMemoryError:
            if not curve:
                raise
            break  # the smaller ones fit
        curve[size] = size * runner.callers / pace
    return curve


def measure_pace(runner: Runner, spec: ImageInput, batch: int, seconds: float = SECONDS) -> float:
    """Images a second with all callers at work for that long, each on at least one batch."""
    pixels = make_noise(spec, batch)
    runner.run(pixels)
    with ThreadPoolExecutor(runner.callers) as pool:
        begin = perf_counter()

        def call() -> int:
            runs = 0
            while not runs or perf_counter() - begin < seconds:
                runner.run(pixels)
                runs += 1
            return runs

        runs = [pool.submit(call) for _ in range(runner.callers)]
        images = batch * sum(future.result() for future in runs)
        return images / (perf_counter() - begin)
