"""The pictures of a job, found again."""

from collections.abc import Mapping

from scoring.errors import ScoringError
from scoring.results.scored import Scored
from scoring.results.thumbnails import Thumbnail, read_thumbnails
from scoring.sources.reading import ShardReader


def find_thumbnails(job: Scored, wanted: Mapping[int, str | None]) -> dict[int, Thumbnail]:
    """Small pictures by id, each with its answer; read from the input as the job's plan says.

    Args:
        job: its input may have changed or gone; then a few words are in the picture's place.
        wanted: id → sha256 that the picture had when it was scored, or None.
    """
    try:
        found = read_thumbnails(job.shards(), ShardReader(job.settings.input), wanted)
    except ScoringError as error:
        found = dict.fromkeys(wanted, Thumbnail(missing=f"cannot be read again: {error}"))
    gone = Thumbnail(missing="not in the plan of the job")
    return {number: found.get(number, gone) for number in wanted}
