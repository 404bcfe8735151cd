"""The outputs: `predictions` always, and every layer for whoever asks for it by name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from bundle.manifest import Layer, Manifest
from engine.errors import LayerNotFoundError
from engine.layers import find_layer
from service.predictions import best_classes
from service.protocol.errors import ProtocolError
from service.protocol.json_fields import quoted
from service.protocol.messages import PREDICTIONS, Tensor, WantedOutput


@dataclass(frozen=True, slots=True)
class Output:
    """An output that was asked for, and the layer that it is; null for the predictions."""

    wanted: WantedOutput
    layer: Layer | None

    def write(self, values: NDArray[Any], labels: Sequence[str]) -> Tensor:
        """The numbers as a tensor, or the best classes as text.

        Args:
            values: (batch, …).
            labels: of the model's classes.
        """
        name, top = self.wanted.name, self.wanted.classification
        if not top:
            return Tensor.of_array(name, values)
        rows = values.reshape(len(values), -1)
        named = labels if self.layer is None else ()
        top = min(top, rows.shape[1])
        texts = [text for row in rows for text in _classify(row, named, top)]
        return Tensor.of_elements(name, (len(rows), top), texts)


def find_outputs(wanted: Sequence[WantedOutput] | None, manifest: Manifest) -> list[Output]:
    """What is to be answered, in the order in which it was asked for.

    Raises:
        ProtocolError: an output is named twice, or there is none of that name.
    """
    if not wanted:
        return [Output(WantedOutput(PREDICTIONS), None)]
    found: dict[str, Output] = {}
    for each in wanted:
        if each.name in found:
            raise ProtocolError(f"output {quoted(each.name)} is asked for twice")
        found[each.name] = Output(each, _find_layer(each.name, manifest))
    return list(found.values())


def _find_layer(name: str, manifest: Manifest) -> Layer | None:
    """By its path or an alias; null for the predictions."""
    if name == PREDICTIONS:
        return None
    try:
        return find_layer(manifest, name)
    except LayerNotFoundError as error:
        raise ProtocolError(
            f"no output of that name; expected {PREDICTIONS!r} or a layer: {error}"
        ) from error


def _classify(row: NDArray[Any], labels: Sequence[str], top: int) -> list[bytes]:
    """`score:index:label` of the best, or `score:index` where there are no labels."""
    named = labels or [""] * len(row)
    texts = [
        f"{best['score']!s}:{best['class_id']}:{best['label']}"
        for best in best_classes(row, named, top)
    ]
    return [text.removesuffix(":").encode() if not labels else text.encode() for text in texts]
