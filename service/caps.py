"""How much one answer may hold, checked against the manifest's shapes before anything is run."""

import numpy as np

from engine.errors import TooMuchError
from engine.statistics import ChannelStatistics
from service.selection import Selection
from service.settings import Settings

MAX_STATISTICS = 1_000_000
"""Numbers of statistics in one JSON answer: about 10 MB of text."""
_A_CHANNEL = len(ChannelStatistics.__dataclass_fields__)


def check_layers(selection: Selection, settings: Settings) -> None:
    """Raise TooMuchError above `max_activation_layers`."""
    asked, cap = len(selection.layers), settings.max_activation_layers
    if asked > cap:
        raise TooMuchError(
            f"asked {asked} layers; the cap is {_count(cap, 'layer')} a request; ask in several",
            asked=f"{asked} layers",
            cap=_count(cap, "layer"),
            fits=_count(cap, "layer"),
        )


def check_bytes(selection: Selection, images: int, dtype: str, settings: Settings) -> None:
    """Raise TooMuchError if the activations of all pictures exceed `max_activation_bytes`."""
    one = selection.numbers * np.dtype(dtype).itemsize
    cap = settings.max_activation_bytes
    if one * images <= cap:
        return
    layers = len(selection.layers)
    asked = (
        f"{one * images / 1e6:.1f} MB of {_count(layers, 'layer')} for {_count(images, 'image')}"
    )
    limits = f"{cap / 1e6:g} MB and {_count(settings.max_activation_layers, 'layer')}"
    fits: list[str] = []
    if dtype == "float32" and one * images <= 2 * cap:
        fits.append("dtype=float16")
    if images > 1 and one <= cap:
        fits.append(_count(cap // one, "image"))
    share = cap / (one * images)
    channels = min(int(selection.count(layer) * share) for layer in selection.layers)
    if channels:
        fits.append(f"limit={channels}" if layers == 1 else f"limit={channels} for every layer")
    raise TooMuchError(
        f"asked {asked}; the cap is {limits}; ask for fewer layers, channels or images, a crop, "
        f"or dtype=float16; what fits: {' or '.join(fits) or 'a crop'}",
        asked=asked,
        cap=limits,
        fits=" or ".join(fits) or "a crop",
    )


def check_json(selection: Selection, images: int, *, values: bool, settings: Settings) -> None:
    """Raise TooMuchError if a JSON answer had too many numbers to write out."""
    numbers, cap = selection.numbers * images, settings.max_json_values
    if values and numbers > cap:
        raise TooMuchError(
            f"asked {numbers} values in JSON; the cap is {cap}; ask for format=npz, fewer "
            "channels, a crop, or leave values out",
            asked=f"{numbers} values",
            cap=f"{cap} values",
            fits="format=npz",
        )
    channels = sum(selection.count(layer) for layer in selection.layers) * images
    if channels * _A_CHANNEL > MAX_STATISTICS:
        most = MAX_STATISTICS // _A_CHANNEL
        raise TooMuchError(
            f"asked statistics of {channels} channels of all layers and images together; the cap "
            f"is {most}; ask for format=npz, or fewer channels, layers or images",
            asked=f"statistics of {channels} channels",
            cap=f"{most} channels",
            fits="format=npz",
        )


def pictures_a_run(selection: Selection, settings: Settings) -> int:
    """How many pictures one run may take, so that it holds no more than an answer may.

    A run computes whole layers, whatever is kept of them; one picture is always run.
    """
    whole = Selection(selection.layers).numbers * np.dtype(np.float32).itemsize
    return max(1, min(settings.max_batch, settings.max_activation_bytes // whole))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
