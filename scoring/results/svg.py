"""Drawings inside a page: in its colours, light or dark, with words for those who cannot see."""

# Matplotlib's types are unknown in part: of `rc_context`, of keywords that pass through.
# pyright: reportUnknownMemberType=false

import logging
import re
from collections.abc import Callable
from io import StringIO
from typing import Any
from xml.sax.saxutils import escape

# A home that cannot be written to, as in a container, is nothing that a report's reader need know
# of; matplotlib speaks of it when it is imported.
logging.getLogger("matplotlib").setLevel(logging.ERROR)

import matplotlib as mpl  # noqa: E402 see above
from matplotlib.axes import Axes  # noqa: E402 see above
from matplotlib.figure import Figure  # noqa: E402 see above

INK, BARS = "#0a0b0c", "#0d0e0f"
"""What a drawing is drawn in; `draw` puts the page's own colours in their place."""

_SIZE_INCHES = (6.4, 3.0)
_NOTHING = dict.fromkeys(("Creator", "Date", "Format", "Type"))

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: searchable, and read aloud
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}


def draw(name: str, words: str, paint: Callable[[Axes], None]) -> str:
    """An `<svg>` element.

    Args:
        name: unique in the page; the element's ids begin with it.
        words: what a screen reader says instead.
        paint: draws into axes, in `INK` and `BARS`.
    """
    buffer = StringIO()
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        paint(figure.subplots())
        figure.savefig(buffer, format="svg", metadata=_NOTHING)
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", drawing)
    drawing = drawing.replace(INK, "currentColor").replace(BARS, "var(--accent)")
    label = escape(words, {'"': "&quot;"})
    return drawing.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
