"""The inside of one bundle: what its layers do on pictures, and how a target depends on them."""

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from bundle.manifest import Layer, Manifest
from engine.arrays import Pixels, Scores, check_pixels
from engine.devices import Device
from engine.errors import TargetError
from engine.gradients import SEED, ReluRule, Seed, differentiate, gradient_name
from engine.graphs import load_graph, prune, with_float_input, with_output
from engine.heads import find_logits
from engine.layers import find_layer
from engine.seeds import resolve, score, seed
from engine.sensitivity import Sensitivity, pictures_a_run, run_in_pieces
from engine.sessions import Sessions
from engine.targets import ChannelTarget, ClassTarget, Target

INPUT = "input"
"""As a layer: the network's input, float32 levels 0-255."""

Values = NDArray[np.float32]


class Inspector:
    """Activations and gradients of one network; thread-safe.

    Nothing is loaded before somebody asks. It has graphs and sessions of its own, so predictions
    never pay for it, and always computes in fp32.
    """

    def __init__(
        self,
        graph: Path | onnx.ModelProto,
        manifest: Manifest,
        *,
        folder: Path | None = None,
        device: str | Device = "cpu",
        threads: int = 0,
        capacity: int = 8,
        max_bytes: int = 512_000_000,
    ) -> None:
        """Remember where the network lies.

        Args:
            graph: its file, or itself with the `folder` that its weights lie in.
            manifest: of the bundle.
            folder: beside the graph where it is not given.
            device: one, or its name (see `parse_device`).
            threads: of one run; 0 takes one a core.
            capacity: sessions that are kept at most.
            max_bytes: weights that the kept sessions hold at most.
        """
        self.manifest = manifest
        if folder is None:
            folder = graph.parent if isinstance(graph, Path) else Path()
        self.folder = folder
        self._device = device
        self._threads = threads
        self.sessions = Sessions(
            folder, device=device, threads=threads, capacity=capacity, max_bytes=max_bytes
        )
        self._source = graph
        self._model: onnx.ModelProto | None = None
        self._logits: str | None = None
        self._lock = threading.Lock()

    @property
    def graph(self) -> onnx.ModelProto:
        """The network with every layer as an output, and float32 levels as its input."""
        with self._lock:
            if self._model is None:
                source = self._source
                model = load_graph(source) if isinstance(source, Path) else source
                model = with_float_input(model, self.manifest.input.tensor)
                self._logits = find_logits(model, self.manifest.output)
                if self._logits is not None:
                    model = with_output(model, self._logits, len(self.manifest.labels))
                self._model = model
            return self._model

    def variant(self, graph: onnx.ModelProto) -> "Inspector":
        """The inside of another graph with this one's layers, on the same device; it keeps one
        session, and goes with it."""
        return Inspector(
            graph,
            self.manifest,
            folder=self.folder,
            device=self._device,
            threads=self._threads,
            capacity=1,
        )

    def layer(self, path: str) -> Layer:
        """A layer by its path or an alias.

        Raises:
            LayerNotFoundError: there is none; it names the three nearest.
        """
        return find_layer(self.manifest, path)

    def predict(self, pixels: Pixels) -> Scores:
        """Class scores of float32 or uint8 levels: float32 (batch, classes).

        Raises:
            PixelsError: pixels of another shape or type.
        """
        return self._forward(pixels, [self.manifest.output.tensor])[0]

    def activations(self, pixels: Pixels, layers: Sequence[str]) -> dict[str, Values]:
        """What layers did on pictures: path → float32 (batch, *the layer's shape).

        Args:
            pixels: (batch, height, width, channels), float32 or uint8 levels.
            layers: paths or aliases; INPUT is the picture itself.

        Raises:
            PixelsError: pixels of another shape or type.
            LayerNotFoundError: the network has no such layer.
        """
        return self._activations(pixels, layers)[0]

    def observe(self, pixels: Pixels, layers: Sequence[str]) -> tuple[dict[str, Values], Scores]:
        """Activations and class scores from one run; see `activations` and `predict`."""
        found, (scores,) = self._activations(pixels, layers, [self.manifest.output.tensor])
        return found, scores

    def _activations(
        self, pixels: Pixels, layers: Sequence[str], more: Sequence[str] = ()
    ) -> tuple[dict[str, Values], list[Values]]:
        """Layers by path, and more tensors."""
        tensors = {path: self._tensor(path) for path in layers}
        feeds = self._feeds(pixels)
        wanted = [name for name in dict.fromkeys((*tensors.values(), *more)) if name not in feeds]
        values = feeds | dict(zip(wanted, self._forward(pixels, wanted), strict=True))
        found = {path: values[tensor] for path, tensor in tensors.items()}
        return found, [values[tensor] for tensor in more]

    def scores(self, pixels: Pixels, target: Target) -> Values:
        """The target's own value on each picture: float32 (batch,).

        Raises:
            PixelsError, TargetError, LayerNotFoundError, ChannelNotFoundError: see `sensitivity`.
        """
        (values,) = self._forward(pixels, [self._target_tensor(target)])
        return score(self.manifest, target, values)

    def resolve(self, pixels: Pixels, target: Target) -> Target:
        """The same target with a class for each picture: its own highest where none was named.

        Methods that move the picture call it first, so that the class does not change on the way.

        Raises:
            TargetError: one class id for each picture was expected.
        """
        if not isinstance(target, ClassTarget):
            return target
        if target.class_ids is None:
            return resolve(target, self.predict(pixels))
        return resolve(target, np.empty((len(pixels), 0), np.float32))

    def sensitivity(
        self,
        pixels: Pixels,
        target: Target,
        layers: Sequence[str],
        *,
        rule: ReluRule = "gradient",
        activations: Sequence[str] = (),
    ) -> Sensitivity:
        """How a target depends on layers: V(N) = dJ/dX(N), in one run forwards and back.

        Args:
            pixels: (batch, height, width, channels), float32 or uint8 levels.
            target: the number J, of each picture its own.
            layers: with respect to what: paths or aliases, or INPUT for the levels.
            rule: what a ReLU hands back: its gradient, or deconvnet's or guided backpropagation's.
            activations: layers whose activations the same run gives.

        Raises:
            PixelsError: pixels of another shape or type.
            LayerNotFoundError: the network has no such layer.
            ChannelNotFoundError: the target's layer has no such channel or position.
            TargetError: the network has no such class, or no such score of it.
            NoGradientError: no differentiable path leads from a layer to the target.
            UnsupportedOperatorError: an operator on that path has no gradient rule.
        """
        wrt = {path: self._tensor(path) for path in layers}
        shown = {path: self._tensor(path) for path in activations}
        tensor = self._target_tensor(target)
        feeds = self._feeds(pixels)
        kind: Seed = "given"
        if isinstance(target, ClassTarget) and target.class_ids is None:
            kind = "top1"
        else:
            feeds[SEED] = seed(self.manifest, target, len(pixels))
            if isinstance(target, ChannelTarget) and target.seed == "activation":
                kind = "activation"
        prediction = self.manifest.output.tensor
        outputs = [
            prediction,
            tensor,
            *shown.values(),
            *(gradient_name(name) for name in wrt.values()),
        ]
        outputs = [name for name in dict.fromkeys(outputs) if name not in feeds]

        def build() -> onnx.ModelProto:
            wanted = tuple(dict.fromkeys(wrt.values()))
            model = differentiate(self.graph, target=tensor, wrt=wanted, seed=kind, rule=rule)
            return prune(model, outputs)

        session = self.sessions.find((tensor, kind, rule, *outputs), build)
        found = feeds | run_in_pieces(session, outputs, feeds, pictures_a_run(self.manifest))
        return Sensitivity(
            {path: found[gradient_name(name)] for path, name in wrt.items()},
            {path: found[name] for path, name in shown.items()},
            found[prediction],
            resolve(target, found[prediction]) if isinstance(target, ClassTarget) else target,
            score(self.manifest, target, found[tensor]),
        )

    def _forward(self, pixels: Pixels, outputs: Sequence[str]) -> list[Any]:
        """Values of the graph's tensors; of none, none."""
        feeds = self._feeds(pixels)
        if not outputs:
            return []
        session = self.sessions.find(tuple(outputs), lambda: prune(self.graph, outputs))
        return session.run(outputs, feeds)

    def _feeds(self, pixels: Pixels) -> dict[str, NDArray[Any]]:
        """The picture as the graph takes it."""
        spec = self.manifest.input
        check_pixels(pixels, spec, dtypes=("uint8", "float32"))
        return {spec.tensor: pixels.astype(np.float32, copy=False)}

    def _tensor(self, path: str) -> str:
        """The graph's name for a layer's output."""
        return self.manifest.input.tensor if path == INPUT else self.layer(path).tensor

    def _target_tensor(self, target: Target) -> str:
        """The graph's name for what the target is a part of."""
        if isinstance(target, ChannelTarget):
            return self.layer(target.layer).tensor
        if target.score == "probability":
            return self.manifest.output.tensor
        _ = self.graph  # its logits are looked for when it is loaded
        if self._logits is None:
            raise TargetError(
                f"{self.manifest.name} has no logits before its {self.manifest.output.activation}; "
                "ask for the probability"
            )
        return self._logits
