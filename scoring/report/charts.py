"""The report's two drawings."""

# Matplotlib's types are unknown in part: of keywords that pass through.
# pyright: reportUnknownMemberType=false

from scoring.report.calibration import Calibration
from scoring.report.counts import Histogram
from scoring.results.scored import Score
from scoring.results.svg import BARS, INK, Axes, draw


def draw_histogram(histogram: Histogram, score: Score) -> str:
    """Pictures by the score of their first class."""
    edges, pictures = histogram.edges, histogram.pictures
    most = max(range(len(pictures)), key=pictures.__getitem__)
    words = (
        f"Histogram of the first class's {score}, {edges[0]:g} to {edges[-1]:g}; most pictures, "
        f"{pictures[most]:,}, lie from {edges[most]:.3g} to {edges[most + 1]:.3g}."
    )

    def paint(axes: Axes) -> None:
        axes.stairs(pictures, edges, fill=True, color=BARS)
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xlabel(f"{score} of the first class")
        axes.set_ylabel("pictures")

    return draw("confidence", words, paint)


def draw_reliability(calibration: Calibration) -> str:
    """Accuracy by confidence; a calibrated model's bars end on the diagonal."""
    bins = calibration.bins
    words = (
        "Reliability diagram: accuracy by probability of the first class; the expected "
        f"calibration error is {calibration.error:.3f}. The table below has the numbers."
    )

    def paint(axes: Axes) -> None:
        axes.bar(
            [b.low for b in bins],
            [b.accuracy for b in bins],
            [b.high - b.low for b in bins],
            align="edge",
            color=BARS,
            edgecolor=INK,
            linewidth=0.5,
        )
        axes.plot([0, 1], [0, 1], color=INK, linestyle="--", linewidth=1)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1)
        axes.set_xlabel("probability of the first class")
        axes.set_ylabel("accuracy")

    return draw("reliability", words, paint)
