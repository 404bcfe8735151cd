"""The report's two drawings."""

# Matplotlib's types are unknown in part: of `rc_context`, of keywords that pass through.
# pyright: reportUnknownMemberType=false

import matplotlib as mpl
from matplotlib.figure import Figure

from scoring.report.calibration import Calibration
from scoring.report.counts import Histogram
from scoring.results.scored import Score
from scoring.results.svg import BARS, INK, STYLE, to_svg

_SIZE_INCHES = (6.4, 3.0)


def draw_histogram(histogram: Histogram, score: Score) -> str:
    """Pictures by the score of their first class."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        axes = figure.subplots()
        low, high = histogram.edges[0], histogram.edges[-1]
        axes.stairs(histogram.pictures, histogram.edges, fill=True, color=BARS)
        axes.set_xlim(low, high)
        axes.set_xlabel(f"{score} of the first class")
        axes.set_ylabel("pictures")
        most = max(range(len(histogram.pictures)), key=histogram.pictures.__getitem__)
        words = (
            f"Histogram of the first class's {score}, {low:g} to {high:g}; most pictures, "
            f"{histogram.pictures[most]:,}, lie from {histogram.edges[most]:.3g} to "
            f"{histogram.edges[most + 1]:.3g}."
        )
        return to_svg(figure, "confidence", words)


def draw_reliability(calibration: Calibration) -> str:
    """Accuracy by confidence; a calibrated model's bars end on the diagonal."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=_SIZE_INCHES, layout="constrained")
        axes = figure.subplots()
        bins = calibration.bins
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
        words = (
            "Reliability diagram: accuracy by probability of the first class; the expected "
            f"calibration error is {calibration.error:.3f}. The table below has the numbers."
        )
        return to_svg(figure, "reliability", words)
