"""ONNX Runtime sessions: one per set of outputs, a few of them kept."""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx
import onnxruntime as ort
from numpy.typing import NDArray

from engine.devices import CPU, check_active, parse_device
from engine.errors import GraphError
from engine.graphs import load_graph, prune

Array = NDArray[Any]


def open_session(
    model: Path | onnx.ModelProto,
    *,
    folder: Path | None = None,
    device: str = "cpu",
    threads: int = 0,
) -> ort.InferenceSession:
    """A session over a graph file, or over a graph in memory whose weights lie in `folder`.

    Args:
        model: the graph.
        folder: where a graph in memory finds its external weights.
        device: `auto`, `cpu`, `cuda` or `cuda:N`.
        threads: of one run; 0 takes one a core.

    Raises:
        DeviceError: the device is unknown or not active.
        GraphError: ONNX Runtime cannot load the graph.
    """
    target = parse_device(device)
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3  # its warnings are about its own optimiser; errors are raised
    # Spinning threads would take the cores that decode pictures meanwhile.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if folder is not None:
        options.add_session_config_entry(
            "session.model_external_initializers_file_folder_path", str(folder)
        )
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    providers = [(target.provider, target.options)]
    if target.provider != CPU:
        providers.append((CPU, {}))
    try:
        session = ort.InferenceSession(source, options, providers=providers)
    except Exception as error:  # ONNX Runtime's errors share no base of their own
        reason = str(error).splitlines()[0]
        raise GraphError(f"ONNX Runtime cannot load the graph: {reason}") from error
    check_active(session, target)
    return session


class Sessions:
    """A small LRU of sessions over one graph with many outputs, each pruned to what was asked."""

    def __init__(
        self, graph: Path, *, device: str = "cpu", threads: int = 0, capacity: int = 4
    ) -> None:
        self._model = load_graph(graph)
        self._folder = graph.parent
        self._device = device
        self._threads = threads
        self._capacity = capacity
        self._sessions: OrderedDict[tuple[str, ...], ort.InferenceSession] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def kept(self) -> list[tuple[str, ...]]:
        """The outputs of the sessions that are kept, the last used last."""
        return list(self._sessions)

    def run(self, outputs: Sequence[str], feeds: Mapping[str, Array]) -> list[Array]:
        """The outputs' values, in the order asked.

        Raises:
            GraphError: the graph declares no such output.
        """
        return self._session(tuple(outputs)).run(list(outputs), feeds)

    def _session(self, outputs: tuple[str, ...]) -> ort.InferenceSession:
        """A kept session, or a new one in the place of the least recently used."""
        with self._lock:
            session = self._sessions.pop(outputs, None)
            if session is None:
                session = open_session(
                    prune(self._model, outputs),
                    folder=self._folder,
                    device=self._device,
                    threads=self._threads,
                )
            self._sessions[outputs] = session
            while len(self._sessions) > self._capacity:
                self._sessions.popitem(last=False)
        return session
