"""Drawings inside a page: in its colours, light or dark, with words for those who cannot see."""

# Matplotlib's types are unknown in part: of `rc_context`, of keywords that pass through.
# pyright: reportUnknownMemberType=false

import logging
import re
from io import StringIO
from typing import Any
from xml.sax.saxutils import escape

import matplotlib as mpl
from matplotlib.figure import Figure

INK, BARS = "#0a0b0c", "#0d0e0f"
"""What a drawing is drawn in; `to_svg` puts the page's own colours in their place."""

_NOTHING = dict.fromkeys(("Creator", "Date", "Format", "Type"))

STYLE: dict[Any, Any] = {
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

# A read-only home is nothing that a report's reader need know of.
logging.getLogger("matplotlib").setLevel(logging.ERROR)


def to_svg(figure: Figure, name: str, words: str) -> str:
    """The figure as an `<svg>` element.

    Args:
        name: unique in the page; its ids begin with it.
        words: what a screen reader says instead.
    """
    buffer = StringIO()
    with mpl.rc_context({**STYLE, "svg.hashsalt": name}):
        figure.savefig(buffer, format="svg", metadata=_NOTHING)
    drawing = buffer.getvalue()
    drawing = drawing[drawing.index("<svg") :]
    drawing = re.sub(r'( id="|url\(#|href="#)', rf"\g<1>{name}-", drawing)
    drawing = drawing.replace(INK, "currentColor").replace(BARS, "var(--accent)")
    return drawing.replace(
        "<svg", f'<svg role="img" aria-label="{escape(words, {chr(34): "&quot;"})}"', 1
    )
