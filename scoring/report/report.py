"""A report: everything that is said of one job."""

from dataclasses import dataclass
from pathlib import Path

from scoring.report.answers import least_certain, surest_mistakes
from scoring.report.calibration import Calibration, calibrate
from scoring.report.counts import Counts, count
from scoring.report.labels import set_labels
from scoring.report.truth import Truth, measure_truth
from scoring.results.answer import Answer
from scoring.results.classes import name_classes
from scoring.results.database import open_database
from scoring.results.judgement import judge
from scoring.results.rows import load_rows
from scoring.results.scored import Scored


@dataclass(frozen=True, slots=True)
class Report:
    """What a job answered.

    Args:
        truth: None where no class is known.
        calibration: None where no class is known, or the scores are logits.
        uncertain: the least certain first.
        mistakes: the surest first; empty where no class is known.
    """

    counts: Counts
    truth: Truth | None
    calibration: Calibration | None
    uncertain: tuple[Answer, ...]
    mistakes: tuple[Answer, ...]


def make_report(job: Scored, labels: Path | None = None) -> Report:
    """Read a job's rows, once, and sum them up.

    Args:
        job: finished or not.
        labels: a CSV file with what the pictures are, in the place of what the input said.

    Raises:
        InputError: the rows or the labels cannot be read.
        SettingsError: the labels are not of this job.
    """
    with open_database() as database:
        load_rows(database, job)
        name_classes(database)
        if labels is not None:
            set_labels(database, labels)
        judge(database)
        truth = measure_truth(database)
        wanted = truth is not None and job.score == "probability"
        return Report(
            counts=count(database, job.score),
            truth=truth,
            calibration=calibrate(database) if wanted else None,
            uncertain=least_certain(database, job.score),
            mistakes=surest_mistakes(database),
        )
