"""Runs through I/O binding: buffers that stay on the device, batches padded to warm sizes."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import SimpleQueue

import numpy as np
import onnxruntime as ort

from bundle.manifest import Manifest, PrecisionName
from engine.arrays import Pixels, Scores, check_pixels
from engine.errors import DeviceMemoryError
from engine.runners.memory import Memory, memory_errors

CALLERS = 2
"""One copies its batch to the device while the other's is computed."""

Opener = Callable[[int, int], ort.InferenceSession]
"""(slot, batch size) → the session that runs it; several may get the same one."""


class Binding:
    """One session at one batch size, with an input and an output that stay where they are."""

    def __init__(
        self, session: ort.InferenceSession, manifest: Manifest, size: int, memory: Memory
    ) -> None:
        """Allocate, bind and warm.

        Args:
            session: over the prediction graph.
            manifest: of its bundle.
            size: images of every run.
            memory: where the buffers lie.
        """
        spec = manifest.input
        shape, dtype = (size, spec.height, spec.width, spec.channels), np.dtype(spec.dtype)
        self._session = session
        self._staged = memory.host(shape, dtype)
        self._input = memory.value(shape, dtype)
        self._output = memory.value((size, len(manifest.labels)), np.dtype(np.float32))
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(spec.tensor, self._input)
        self._binding.bind_ortvalue_output(manifest.output.tensor, self._output)
        for _ in range(2):  # the first allocates and tunes; the second finds it done
            self.run(self._staged)

    def run(self, pixels: Pixels) -> Scores:
        """Class scores of at most `size` images.

        The rows behind them hold what an earlier run left there: the images of a batch do not see
        each other, and those rows' scores are dropped.
        """
        count = len(pixels)
        self._staged[:count] = pixels
        self._input.update_inplace(self._staged)
        self._session.run_with_iobinding(self._binding)
        # On a processor numpy() is a view, and the next run would write into the answer.
        return self._output.numpy()[:count].copy()


@dataclass(frozen=True, slots=True)
class Slot:
    """What one caller at a time uses: buffers for every size; maybe a thread of its own."""

    thread: ThreadPoolExecutor | None = None
    bindings: dict[int, Binding] = field(default_factory=dict[int, Binding])

    def run(self, pixels: Pixels) -> Scores:
        """Class scores, by the smallest size that holds all images; more go in several runs."""
        most = max(self.bindings)
        if len(pixels) > most:
            parts = [pixels[start : start + most] for start in range(0, len(pixels), most)]
            return np.concatenate([self.run(part) for part in parts])
        binding = self.bindings[min(size for size in self.bindings if size >= len(pixels))]
        if self.thread is None:
            return binding.run(pixels)
        return self.thread.submit(binding.run, pixels).result()

    def warm(self, bind: Callable[[], Binding]) -> Binding:
        """A new binding, made in the thread that will run it."""
        return bind() if self.thread is None else self.thread.submit(bind).result()


class BoundRunner:
    """A network on a device with memory of its own; see `Runner`."""

    def __init__(
        self,
        manifest: Manifest,
        slots: Sequence[Slot],
        *,
        device: str,
        precision: PrecisionName,
        notes: str = "",
    ) -> None:
        """Take what `open_slots` opened.

        Args:
            manifest: of the bundle.
            slots: one for each caller.
            device: `cuda:0`, `tensorrt:0`.
            precision: what is computed.
            notes: what else the log should say.
        """
        self.device = device
        self.precision: PrecisionName = precision
        self.callers = len(slots)
        self.decodes_apart = True
        self.sizes = tuple(sorted(slots[0].bindings))
        self._spec = manifest.input
        self._notes = notes
        self._free: SimpleQueue[Slot] = SimpleQueue()
        for slot in slots:
            self._free.put(slot)

    def run(self, pixels: Pixels, *, alone: bool = False) -> Scores:  # noqa: ARG002  one device
        """Class scores: float32 (batch, classes); more threads than `callers` wait for each other.

        Args:
            pixels: (batch, height, width, channels) in the network's size and type.
            alone: makes no difference here.

        Raises:
            DeviceMemoryError: the device has not the memory for this batch; a smaller one may fit.
            PixelsError: another shape or type, which the buffer would stretch or round in silence.
        """
        check_pixels(pixels, self._spec)
        slot = self._free.get()
        try:
            with memory_errors(self.device, f"{len(pixels)} images"):
                return slot.run(pixels)
        finally:
            self._free.put(slot)

    def describe(self) -> str:
        """See `Runner`."""
        words = f"{self.callers} callers, batches padded to {', '.join(map(str, self.sizes))}"
        return f"{words}; {self._notes}" if self._notes else words


def padded_sizes(max_batch: int) -> tuple[int, ...]:
    """1, 2, 4, 8, … and `max_batch` itself: no batch is padded to twice its images."""
    return tuple(sorted({*(1 << power for power in range(max_batch.bit_length())), max_batch}))


def open_slots(
    manifest: Manifest,
    opener: Opener,
    memory: Memory,
    sizes: Sequence[int],
    *,
    device: str,
    own_threads: bool = False,
) -> list[Slot]:
    """A slot for each caller, every size warm in all of them; sizes that do not fit are left out.

    Args:
        manifest: of the bundle.
        opener: gives the session of a slot and a size.
        memory: where the buffers lie.
        sizes: ascending.
        device: its name, for messages.
        own_threads: whether each slot runs in one thread of its own.

    Raises:
        DeviceMemoryError: not even the smallest size fits.
    """
    slots = [Slot(ThreadPoolExecutor(1) if own_threads else None) for _ in range(CALLERS)]
    for size in sizes:
        try:
            with memory_errors(device, f"the network and {size} images at a time"):
                for number, slot in enumerate(slots):
                    slot.bindings[size] = slot.warm(
                        lambda number=number, size=size: Binding(
                            opener(number, size), manifest, size, memory
                        )
                    )
        except DeviceMemoryError:
            for slot in slots:
                slot.bindings.pop(size, None)
            if size == sizes[0]:
                raise
            break  # the larger ones need more
    return slots
