"""I/O binding runs on a processor as it does on a GPU: what is tested here is what a GPU runs."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bundle.repository import PREDICT, Bundle
from engine.errors import PixelsError
from engine.runners.bound import BoundRunner, Slot, open_slots, padded_sizes
from engine.runners.memory import Memory
from engine.runners.runner import Runner
from engine.sessions import open_session
from tests.conftest import HEIGHT, WIDTH

MAX_BATCH = 12
SIZES = (1, 2, 4, 8, 12)


def open_runner(bundle: Bundle, *, own_threads: bool = False) -> BoundRunner:
    """The runner of a GPU, on the processor: a session for each size."""
    sessions = {size: open_session(bundle.path(PREDICT), threads=1) for size in SIZES}
    slots = open_slots(
        bundle.manifest,
        lambda _, size: sessions[size],
        Memory(),
        padded_sizes(MAX_BATCH),
        device="cpu",
        own_threads=own_threads,
    )
    return BoundRunner(bundle.manifest, slots, device="cpu", precision="fp32", notes="on a test")


def pictures(count: int, seed: int) -> np.ndarray:
    """uint8 (count, 48, 64, 3), every one of another colour."""
    random = np.random.default_rng(seed)
    colours = random.integers(0, 200, (count, 1, 1, 3))
    return (colours + random.integers(0, 56, (count, HEIGHT, WIDTH, 3))).astype(np.uint8)


def plain(bundle: Bundle, pixels: np.ndarray) -> np.ndarray:
    """The same network without binding."""
    return open_session(bundle.path(PREDICT), threads=1).run(["predictions"], {"image": pixels})[0]


def test_sizes_are_powers_of_two_and_the_largest_batch() -> None:
    assert padded_sizes(1) == (1,)
    assert padded_sizes(8) == (1, 2, 4, 8)
    assert padded_sizes(12) == SIZES
    assert padded_sizes(64) == (1, 2, 4, 8, 16, 32, 64)


def test_it_is_a_runner_that_says_how_it_runs(colours: Bundle) -> None:
    runner: Runner = open_runner(colours)
    assert (runner.device, runner.precision, runner.callers) == ("cpu", "fp32", 2)
    assert runner.decodes_apart
    assert runner.sizes == SIZES
    assert runner.describe() == "2 callers, batches padded to 1, 2, 4, 8, 12; on a test"


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(counts=st.lists(st.integers(1, 30), min_size=1, max_size=6), seed=st.integers(0, 2**31))
def test_any_batch_answers_what_a_plain_run_does(
    colours: Bundle, counts: list[int], seed: int
) -> None:
    runner = open_runner(colours)
    for number, count in enumerate(counts):
        pixels = pictures(count, seed + number)
        scores = runner.run(pixels)
        assert scores.dtype == np.float32
        np.testing.assert_allclose(scores, plain(colours, pixels), rtol=0, atol=1e-5)


def test_an_answer_does_not_change_when_the_buffers_are_used_again(colours: Bundle) -> None:
    runner = open_runner(colours)
    scores = [runner.run(pictures(3, seed)) for seed in range(6)]
    expected = [plain(colours, pictures(3, seed)) for seed in range(6)]
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-5)
    assert not any(np.shares_memory(scores[0], other) for other in scores[1:])


def test_rows_of_an_earlier_request_never_reach_an_answer(colours: Bundle) -> None:
    runner = open_runner(colours)
    for _ in range(2):  # both slots
        runner.run(pictures(8, 1))
        scores = runner.run(pictures(5, 2))  # padded to 8, over the rows of the first
        assert scores.shape == (5, 3)
        np.testing.assert_allclose(scores, plain(colours, pictures(5, 2)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("own_threads", [False, True])
def test_threads_at_once_get_their_own_answers(colours: Bundle, own_threads: bool) -> None:
    runner = open_runner(colours, own_threads=own_threads)
    batches = [pictures(1 + seed % 20, seed) for seed in range(120)]
    with ThreadPoolExecutor(5) as pool:  # more than the runner's callers: the others wait
        answers = list(pool.map(runner.run, batches))
    for scores, pixels in zip(answers, batches, strict=True):
        np.testing.assert_allclose(scores, plain(colours, pixels), rtol=0, atol=1e-5)


def test_a_slot_with_a_thread_of_its_own_makes_and_runs_everything_there() -> None:
    threads: list[threading.Thread] = []

    class Recorder:
        def run(self, pixels: Any) -> np.ndarray:
            threads.append(threading.current_thread())
            return pixels

    def bind() -> Any:
        threads.append(threading.current_thread())
        return Recorder()

    with ThreadPoolExecutor(1) as own:
        slot = Slot(own)
        slot.bindings[4] = slot.warm(bind)
        assert slot.run(np.arange(9, dtype=np.uint8)).tolist() == list(range(9))
    assert len(threads) == 4
    assert len(set(threads)) == 1
    assert threads[0] is not threading.current_thread()


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((2, HEIGHT, 1, 3), np.uint8),  # NumPy would stretch it over the buffer
        np.zeros((2, WIDTH, HEIGHT, 3), np.uint8),
        np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        np.zeros((0, HEIGHT, WIDTH, 3), np.uint8),
        np.zeros((2, HEIGHT, WIDTH, 3), np.float32),  # NumPy would round it
    ],
)
def test_another_shape_or_type_is_refused_and_the_next_batch_runs(
    colours: Bundle, pixels: Any
) -> None:
    runner = open_runner(colours)
    for _ in range(3):  # more often than there are slots
        with pytest.raises(PixelsError):
            runner.run(pixels)
    assert runner.run(pictures(2, 3)).shape == (2, 3)


def test_a_failing_run_gives_its_slot_back(colours: Bundle) -> None:
    class Failing:
        def run(self, _: Any) -> Any:
            raise ValueError("another matter")

    slots: Any = [Slot(None, {1: Failing()}) for _ in range(2)]  # pyright: ignore[reportArgumentType]  a stand-in
    runner = BoundRunner(colours.manifest, slots, device="cpu", precision="fp32")
    for _ in range(5):
        with pytest.raises(ValueError, match="another matter"):
            runner.run(pictures(1, 0))


LIMITED = """
import sys
from pathlib import Path
import numpy as np
import onnxruntime as ort
from bundle.repository import PREDICT, open_bundle
from engine.errors import DeviceMemoryError
from engine.runners.bound import BoundRunner, open_slots
from engine.runners.memory import Memory

bundle = open_bundle(Path(sys.argv[1]))
info = ort.OrtMemoryInfo("Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT)
ort.create_and_register_allocator(info, ort.OrtArenaCfg(8_000_000, 1, -1, -1))
options = ort.SessionOptions()
options.log_severity_level = 4
options.enable_mem_pattern = False
options.add_session_config_entry("session.use_env_allocators", "1")
session = ort.InferenceSession(
    str(bundle.path(PREDICT)), options, providers=["CPUExecutionProvider"]
)
"""

LOADING = (
    LIMITED
    + """
slots = open_slots(
    bundle.manifest, lambda _s, _n: session, Memory(), (1, 2, 4, 256, 512), device="cpu"
)
runner = BoundRunner(bundle.manifest, slots, device="cpu", precision="fp32")
print(runner.sizes)
try:
    open_slots(bundle.manifest, lambda _s, _n: session, Memory(), (256, 512), device="cpu")
except DeviceMemoryError as error:
    print(error)
print(runner.run(np.zeros((300, 48, 64, 3), np.uint8)).shape)
"""
)

RUNNING = (
    LIMITED
    + """
# A size that fitted when it was warmed, as where another process takes the memory later.
from engine.runners.bound import Binding
run, Binding.run = Binding.run, lambda self, pixels: None
slots = open_slots(bundle.manifest, lambda _s, _n: session, Memory(), (1, 256), device="cpu")
Binding.run = run
runner = BoundRunner(bundle.manifest, slots, device="cpu", precision="fp32")
for _ in range(3):
    try:
        runner.run(np.zeros((256, 48, 64, 3), np.uint8))
    except DeviceMemoryError as error:
        print(error)
    print(runner.run(np.zeros((1, 48, 64, 3), np.uint8)).shape)
"""
)


def run_limited(script: str, bundle: Bundle) -> list[str]:
    """Lines that a process prints whose ONNX Runtime has 8 MB for its runs."""
    command = [sys.executable, "-c", script, str(bundle.folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_sizes_without_room_are_left_out_and_larger_batches_go_in_several_runs(
    colours: Bundle,
) -> None:
    sizes, refused, shape = run_limited(LOADING, colours)
    assert sizes == "(1, 2, 4)"
    assert refused.startswith("cpu has not the memory for the network and 256 images at a time: ")
    assert shape == "(300, 3)"


def test_a_batch_without_room_says_so_and_smaller_ones_still_run(colours: Bundle) -> None:
    lines = run_limited(RUNNING, colours)
    assert len(lines) == 6
    assert all(line.startswith("cpu has not the memory for 256 images: ") for line in lines[::2])
    assert lines[1::2] == ["(1, 3)"] * 3
