"""ONNX Runtime sessions: opened, and a few of them kept."""

import ctypes
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import onnx
import onnxruntime as ort

from engine.devices import CPU, Device, check_active, parse_device
from engine.errors import DeviceError, GraphError
from engine.graphs import constant_bytes


def open_session(
    model: Path | onnx.ModelProto,
    *,
    folder: Path | None = None,
    device: str | Device = "cpu",
    threads: int = 0,
    shared: bool = False,
) -> ort.InferenceSession:
    """A session over a graph file, or over a graph in memory whose weights lie in `folder`.

    Args:
        model: the graph.
        folder: where a graph in memory finds its external weights.
        device: one, or its name (see `parse_device`).
        threads: of one run on a processor; 0 takes one a core.
        shared: take the memory of runs from the one arena of all such sessions, not from its own.

    Raises:
        DeviceError: the device is unknown, or does not start with this graph.
        GraphError: ONNX Runtime cannot load the graph.
    """
    target = parse_device(device) if isinstance(device, str) else device
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # its warnings are about its own optimiser; errors are raised
    # Spinning threads would take the cores that decode pictures meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if shared:
        _share_arena(options)
    if folder is not None:
        options.add_session_config_entry(
            "session.model_external_initializers_file_folder_path", str(folder)
        )
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    providers = target.add_to(options)
    try:
        # Its own fall-back would answer from the CPU, and say so by print() alone.
        session = ort.InferenceSession(source, options, providers=providers, enable_fallback=0)
    except Exception as error:  # ONNX Runtime's errors share no base of their own
        reason = str(error).splitlines()[0]
        if target.provider == CPU:
            raise GraphError(f"ONNX Runtime cannot load the graph: {reason}") from error
        raise DeviceError(
            f"{target.name} does not start with this graph: {reason}; set the device to cpu or auto"
        ) from error
    check_active(session, target)
    return session


@dataclass(frozen=True, slots=True)
class Kept:
    """A session that is open, or being opened, and the bytes of the weights that it holds."""

    session: Future[ort.InferenceSession]
    held_bytes: int


class Sessions:
    """A small LRU of sessions over variants of one graph, bounded in number and in bytes.

    A session's own weights are what it holds: its runtime copies them from the mapped file into
    the order that its kernels read (85 MB of 87 in a network of 3x3 convolutions). What a run needs
    beside them is in one arena that all share.
    """

    def __init__(
        self,
        folder: Path,
        *,
        device: str | Device = "cpu",
        threads: int = 0,
        capacity: int = 8,
        max_bytes: int = 512_000_000,
    ) -> None:
        """Keep nothing yet.

        Args:
            folder: where the graphs find their weights.
            device: one, or its name (see `parse_device`).
            threads: of one run; 0 takes one a core.
            capacity: sessions to keep at most.
            max_bytes: weights that the kept sessions may hold at most; a larger session is used
                and not kept.
        """
        self._folder = folder
        self._device = device
        self._threads = threads
        self._capacity = capacity
        self._max_bytes = max_bytes
        self.hits = 0
        self.misses = 0
        self._kept: OrderedDict[Hashable, Kept] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def kept(self) -> list[Hashable]:
        """The keys of the sessions that are kept, the last used last."""
        with self._lock:
            return list(self._kept)

    @property
    def held_bytes(self) -> int:
        """Weights in the memory of the kept sessions."""
        with self._lock:
            return sum(kept.held_bytes for kept in self._kept.values())

    def find(self, key: Hashable, build: Callable[[], onnx.ModelProto]) -> ort.InferenceSession:
        """The session kept under a key, or a new one over the graph that `build` makes.

        Two threads that ask for the same new session wait for one; others are not held up.

        Raises:
            GraphError: ONNX Runtime cannot load the graph; `build`'s errors pass through.
        """
        with self._lock:
            kept = self._kept.get(key)
            if kept is not None:
                self._kept.move_to_end(key)
                self.hits += 1
                future = kept.session
            else:
                future = Future[ort.InferenceSession]()
                self.misses += 1
                self._kept[key] = Kept(future, 0)
        return self._open(key, future, build) if kept is None else future.result()

    def _open(
        self,
        key: Hashable,
        future: Future[ort.InferenceSession],
        build: Callable[[], onnx.ModelProto],
    ) -> ort.InferenceSession:
        """Open a session for everybody who waits for it."""
        try:
            model = build()
            session = open_session(
                model, folder=self._folder, device=self._device, threads=self._threads, shared=True
            )
        except BaseException as error:
            with self._lock:
                self._kept.pop(key, None)
            future.set_exception(error)
            raise
        future.set_result(session)
        held_bytes = constant_bytes(model)
        with self._lock:
            if held_bytes > self._max_bytes:
                self._kept.pop(key)
            else:
                self._kept[key] = Kept(future, held_bytes)
            self._evict()
        return_memory()
        return session

    def _evict(self) -> None:
        """Drop the least recently used until both bounds hold; those being opened stay."""
        for key in list(self._kept):
            held = sum(kept.held_bytes for kept in self._kept.values())
            if len(self._kept) <= self._capacity and held <= self._max_bytes:
                return
            if self._kept[key].session.done():
                del self._kept[key]


def _share_arena(options: ort.SessionOptions) -> None:
    """One arena for the activations of all sessions that run in turns: as much as the largest run.

    An arena for each held 40 to 90 MB a session; without any, every run fetches its pages anew, and
    the way back through EfficientNet-Lite0 took 50 ms a picture instead of 34.
    """
    _create_arena()
    options.add_session_config_entry("session.use_env_allocators", "1")
    # Weights stay outside of it, so that they go with their session.
    options.add_session_config_entry("session.use_device_allocator_for_initializers", "1")
    options.enable_mem_pattern = False  # it would add one block of a whole run's size


@cache
def _create_arena() -> None:
    """Once in a process."""
    memory = ort.OrtMemoryInfo(
        "Cpu", ort.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, ort.OrtMemType.DEFAULT
    )
    ort.create_and_register_allocator(memory, None)


def return_memory() -> None:
    """Give freed pages back: after an 87 MB session was opened glibc kept 75 MB more than that."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
