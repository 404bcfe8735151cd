"""What was found, drawn: heat maps, signed gradients of the picture, or a layer's channels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.arrays import Pixels
from engine.errors import TooMuchError
from engine.inspector import INPUT
from engine.pictures.colours import BACKGROUND
from engine.pictures.encoding import encode_png
from engine.pictures.gradients import draw_gradients
from engine.pictures.heatmap import draw_heat_maps, lay_over
from engine.pictures.indexed import Picture
from engine.pictures.layout import IMAGE_GAP_PIXELS, MAX_PIXELS
from engine.pictures.sprite import draw_sprite
from service.decoding import Decoded
from service.picture_headers import range_headers, sprite_headers
from service.sensitivity import Found, Values
from service.sensitivity_options import SensitivityOptions


def draw_sensitivity(
    found: Found, pictures: Decoded, options: SensitivityOptions
) -> tuple[bytes, dict[str, str]]:
    """A PNG file, several pictures one under another with one range, and its headers.

    A layer's gradient is a sprite of its channels. The picture's is a heat map of what `reduce`
    leaves of it or, with `display`, the signed gradient itself.

    Args:
        found: by the method.
        pictures: the good ones are those that it was found on.
        options: of the query.

    Raises:
        TooMuchError: more pixels than one PNG may have.
    """
    if found.maps is None:
        return _draw_layer(found, pictures.good, options)
    _check_pixels(pictures.pixels)
    drawn = _draw_pictures(found, found.maps, pictures.pixels, options)
    shown = drawn[0].range
    if options.overlay is not None:
        return _lay_over(drawn, pictures.pixels, options.overlay), range_headers(shown)
    return encode_png(drawn[0] if len(drawn) == 1 else _join(drawn)), range_headers(shown)


def _draw_layer(
    found: Found, images: Sequence[int], options: SensitivityOptions
) -> tuple[bytes, dict[str, str]]:
    """The gradient of one layer, as activations are drawn."""
    [(path, tensor)] = found.tensors.items()
    sprite = draw_sprite(tensor, scaling=options.scaling(), colours=options.map)
    return encode_png(sprite), sprite_headers(sprite, layer=path, images=images)


def _draw_pictures(
    found: Found, maps: Values, pixels: Pixels, options: SensitivityOptions
) -> Sequence[Picture]:
    """Of each picture its heat map, or the gradient itself."""
    scaling = options.scaling()
    if options.display is not None:
        return draw_gradients(found.tensors[INPUT], display=options.display, scaling=scaling)
    height, width = pixels.shape[1:3]
    return draw_heat_maps(maps, height=height, width=width, scaling=scaling, colours=options.map)


def _lay_over(pictures: Sequence[Picture], pixels: Pixels, opacity: float) -> bytes:
    """Heat maps over their pictures: a PNG in colour, with the numbers of the maps."""
    first = pictures[0]
    laid = [
        lay_over(picture, below, opacity=opacity)
        for picture, below in zip(pictures, pixels, strict=True)
    ]
    stacked = _stack(laid, first.colours.palette[BACKGROUND])
    return encode_png(stacked, Cutaway_Range=str(first.range), Cutaway_Map=first.colours.name)


def _check_pixels(pixels: Pixels) -> None:
    """Raise TooMuchError if the pictures are too many for one PNG."""
    count, height, width = pixels.shape[:3]
    if count * height * width > MAX_PIXELS:
        fits = f"{MAX_PIXELS // (height * width)} pictures"
        raise TooMuchError(
            f"expected a PNG of at most {MAX_PIXELS} pixels, received {count} pictures of "
            f"{height}x{width}; {fits} would fit",
            asked=f"{count * height * width} pixels",
            cap=f"{MAX_PIXELS} pixels",
            fits=fits,
        )


def _join(pictures: Sequence[Picture]) -> Picture:
    """Pictures of one size, map and range, one under another."""
    first = pictures[0]
    levels = _stack([picture.levels for picture in pictures], np.uint8(BACKGROUND))
    return Picture(levels, first.colours, first.range)


def _stack(
    pictures: Sequence[NDArray[np.uint8]], gap: NDArray[np.uint8] | np.uint8
) -> NDArray[np.uint8]:
    """One under another, with a gap between."""
    between = np.empty((IMAGE_GAP_PIXELS, *pictures[0].shape[1:]), np.uint8)
    between[:] = gap
    rows = [part for picture in pictures for part in (between, picture)]
    return np.concatenate(rows[1:])
