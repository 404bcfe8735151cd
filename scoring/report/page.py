"""A report as a page with pictures."""

from scoring.report.calibration import BINS
from scoring.report.charts import draw_histogram, draw_reliability
from scoring.report.report import Report
from scoring.results.again import find_thumbnails
from scoring.results.page import render
from scoring.results.scored import Scored

MOST_CLASSES = 50
MOST_ROWS = 2000


def make_page(job: Scored, report: Report) -> str:
    """One HTML file; its pictures are read again from the job's input."""
    shown = (*report.uncertain, *report.mistakes)
    confidence, calibration = report.counts.confidence, report.calibration
    return render(
        "report.html",
        job=job,
        report=report,
        thumbnails=find_thumbnails(job, {a.id: a.sha256 for a in shown}),
        histogram=draw_histogram(confidence, job.score) if confidence else None,
        reliability=draw_reliability(calibration) if calibration else None,
        bins=BINS,
        most_classes=MOST_CLASSES,
        most_rows=MOST_ROWS,
    )
