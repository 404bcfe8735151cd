"""What of the inside was asked for: layers by pattern, channels by number, a crop of the grid."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from math import prod

import numpy as np
from numpy.typing import NDArray

from bundle.manifest import Layer, Manifest
from engine.errors import LayerNotFoundError
from engine.layers import check_channel, find_layer
from service.errors import InvalidQueryError

_WILD = re.compile(r"[*?[]")
_RANGE = re.compile(r"(\d{1,9})(?:-(\d{1,9}))?", re.ASCII)
_CROP = re.compile(r"(\d{1,9}),(\d{1,9}),(\d{1,9}),(\d{1,9})", re.ASCII)
_SPATIAL_RANK = 3


@dataclass(frozen=True, slots=True)
class Crop:
    """A rectangle of a layer's own grid, in its cells; (y, x) is the upper left one."""

    y: int
    x: int
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Selection:
    """A checked choice: every layer has these channels, and room for the crop.

    Args:
        layers: in the order asked, each once.
        channels: of each layer, in the order asked; None is all.
        crop: None is the whole grid.
        limit: channels to answer of each layer, at most.
    """

    layers: tuple[Layer, ...]
    channels: tuple[int, ...] | None = None
    crop: Crop | None = None
    limit: int | None = None

    def count(self, layer: Layer) -> int:
        """How many channels of a layer are answered."""
        count = layer.channels if self.channels is None else len(self.channels)
        return count if self.limit is None else min(count, self.limit)

    def shape(self, layer: Layer) -> tuple[int, ...]:
        """What is answered of a layer, for one picture: (height, width, channels) or (units,)."""
        grid = layer.shape[:-1]
        if self.crop is not None:
            grid = (self.crop.height, self.crop.width)
        return (*grid, self.count(layer))

    @property
    def numbers(self) -> int:
        """Activations of one picture, in all layers together."""
        return sum(prod(self.shape(layer)) for layer in self.layers)

    def cut(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """The crop and the channels of (batch, *a layer's shape); the limit is not applied yet."""
        if self.crop is not None:
            crop = self.crop
            rows = slice(crop.y, crop.y + crop.height)
            values = values[:, rows, crop.x : crop.x + crop.width]
        return values if self.channels is None else values[..., list(self.channels)]


def select_layers(manifest: Manifest, patterns: Sequence[str]) -> tuple[Layer, ...]:
    """Layers by path, alias or pattern, each once, in the order asked.

    In a pattern `*` and `?` stay within one part of a path, `**` stands for any number of parts:
    `inception_v3/mixed*` is the blocks of the base, `**/*relu*` every ReLU at any depth.

    Raises:
        LayerNotFoundError: nothing has that name, or nothing matches; it names the nearest.
    """
    found: dict[str, Layer] = {}
    for pattern in patterns:
        for layer in _matching(manifest, pattern):
            found.setdefault(layer.path, layer)
    return tuple(found.values())


def _matching(manifest: Manifest, pattern: str) -> list[Layer]:
    """The layers of exactly that name; else those whose path matches; else whose alias does."""
    names = {name for layer in manifest.layers for name in (layer.path, *layer.aliases)}
    if pattern in names or not _WILD.search(pattern):
        return [find_layer(manifest, pattern)]
    parts = pattern.split("/")
    matching = [layer for layer in manifest.layers if _matches(layer.path.split("/"), parts)] or [
        layer
        for layer in manifest.layers
        if any(_matches(alias.split("/"), parts) for alias in layer.aliases)
    ]
    if matching:
        return matching
    try:
        return [find_layer(manifest, pattern)]  # it has not that name; but which are near?
    except LayerNotFoundError as error:
        hint = " (`*` does not cross a `/`, `**` does)"
        raise LayerNotFoundError(f"{error}{hint}", error.layer, error.nearest) from error


def _matches(parts: Sequence[str], pattern: Sequence[str]) -> bool:
    """Part by part, so that no pattern can make the matching slow: a path has few parts."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        if pattern[1:2] == ["**"]:
            return _matches(parts, pattern[1:])
        return any(_matches(parts[start:], pattern[1:]) for start in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], pattern[0]) and _matches(parts[1:], pattern[1:])


def select_channels(layers: Sequence[Layer], texts: Sequence[str]) -> tuple[int, ...] | None:
    """Channels of all these layers out of `0-7,12` and the like, each once, in the order asked.

    Raises:
        InvalidQueryError: not numbers and ranges.
        ChannelNotFoundError: a layer has fewer channels.
    """
    if not texts:
        return None
    found: dict[int, None] = {}
    for item in ",".join(texts).split(","):
        match = _RANGE.fullmatch(item.strip())
        first = int(match[1]) if match else 0
        last = int(match[2] or first) if match else -1
        if last < first:
            raise InvalidQueryError(
                f"channel: expected numbers and ranges such as 0-7,12, received {item[:64]!r}",
                parameter="channel",
                received=item[:64],
            )
        for layer in layers:  # before the range is written out: it may promise a billion channels
            check_channel(layer, last)
        found.update(dict.fromkeys(range(first, last + 1)))
    return tuple(found)


def select_crop(layers: Sequence[Layer], text: str | None) -> Crop | None:
    """A crop out of `y,x,height,width`.

    Raises:
        InvalidQueryError: not four numbers, empty, outside a layer, or a layer without a grid.
    """
    if text is None:
        return None
    match = _CROP.fullmatch(text)
    if match is None:
        raise _invalid_crop("four numbers y,x,height,width in the layer's grid", text)
    crop = Crop(*map(int, match.groups()))
    for layer in layers:
        if len(layer.shape) != _SPATIAL_RANK:
            raise _invalid_crop(
                f"layers with a grid; {layer.path} is {layer.shape}", text, layer=layer.path
            )
        height, width, _ = layer.shape
        fits = crop.y + crop.height <= height and crop.x + crop.width <= width
        if not (fits and crop.height and crop.width):
            raise _invalid_crop(
                f"y,x,height,width within {layer.path}, {height} high and {width} wide",
                text,
                layer=layer.path,
            )
    return crop


def _invalid_crop(expected: str, received: str, **details: object) -> InvalidQueryError:
    shown = received[:64]
    return InvalidQueryError(
        f"crop: expected {expected}; received {shown!r}",
        parameter="crop",
        received=shown,
        **details,
    )
