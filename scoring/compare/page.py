"""A comparison as a page with pictures."""

from scoring.compare.comparison import Comparison
from scoring.results.again import find_thumbnails
from scoring.results.page import render
from scoring.results.scored import Scored
from scoring.results.thumbnails import Thumbnail

MOST_CLASSES = 200


def make_page(a: Scored, b: Scored, found: Comparison) -> str:
    """One HTML file; its pictures are read again, from A's input or else from B's."""
    return render(
        "compare.html",
        a=a,
        b=b,
        found=found,
        thumbnails=_thumbnails(a, b, found),
        most_classes=MOST_CLASSES,
    )


def _thumbnails(a: Scored, b: Scored, found: Comparison) -> dict[int, Thumbnail]:
    """By the picture's id in A."""
    pictures = find_thumbnails(a, {c.a_id: c.sha256 for c in found.changed})
    gone = {c.b_id: c for c in found.changed if pictures[c.a_id].uri is None}
    if gone:
        again = find_thumbnails(b, {number: c.sha256 for number, c in gone.items()})
        pictures |= {gone[n].a_id: small for n, small in again.items() if small.uri is not None}
    return pictures
