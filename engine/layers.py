"""A manifest's layers by name."""

from difflib import SequenceMatcher
from heapq import nlargest

from bundle.manifest import Layer, Manifest
from engine.errors import ChannelNotFoundError, LayerNotFoundError

NEAREST = 3


def find_layer(manifest: Manifest, path: str) -> Layer:
    """A layer by its path, or else by an alias.

    Raises:
        LayerNotFoundError: there is none; it names the three nearest.
    """
    for layer in manifest.layers:
        if layer.path == path:
            return layer
    for layer in manifest.layers:
        if path in layer.aliases:
            return layer
    shown = path[:128]
    if not manifest.layers:
        raise LayerNotFoundError(
            f"no layer {shown!r}: {manifest.name} was published for prediction alone", path
        )
    nearest = _nearest(shown, [layer.path for layer in manifest.layers])
    raise LayerNotFoundError(f"no layer {shown!r}; nearest: {', '.join(nearest)}", path, nearest)


def check_channel(layer: Layer, channel: int, position: tuple[int, int] | None = None) -> None:
    """Raise ChannelNotFoundError unless a layer has this channel (or unit), and this (y, x)."""
    if not 0 <= channel < layer.channels:
        word = "unit" if len(layer.shape) == 1 else "channel"
        raise ChannelNotFoundError(
            f"layer {layer.path} has no {word} {channel}; expected 0 to {layer.channels - 1}"
        )
    if position is None:
        return
    spatial = layer.shape[:-1]
    if len(spatial) != len(position):
        raise ChannelNotFoundError(f"layer {layer.path} of shape {layer.shape} has no positions")
    if not all(0 <= at < size for at, size in zip(position, spatial, strict=True)):
        raise ChannelNotFoundError(
            f"layer {layer.path} has no position {position}; expected y, x below {spatial}"
        )


def _nearest(path: str, paths: list[str]) -> tuple[str, ...]:
    """The likeliest first; the last part of a path counts by itself, as people leave bases out."""
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(path)

    def likeness(candidate: str) -> float:
        found = 0.0
        for part in {candidate, candidate.rpartition("/")[2]}:
            matcher.set_seq1(part)
            found = max(found, matcher.ratio())
        return found

    return tuple(nlargest(NEAREST, paths, key=likeness))
