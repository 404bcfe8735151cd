"""Memory does not grow with the input."""

import numpy as np
import pytest

from tests.scoring.many import MANY, Undisturbed
from tests.scoring.results import check_complete, read_job

WARM_UP = 0.2
"""Share of the pictures behind which memory must be flat: until then arenas and buffers fill."""
MAX_GROWTH_MB = 8.0
"""Per 100,000 pictures. A row that were kept would be some 500 bytes: 50 MB."""


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_a_hundred_thousand_pictures_need_no_more_memory_than_twenty_thousand(
    undisturbed: Undisturbed,
) -> None:
    check_complete(undisturbed.output, MANY)
    resident = [one.resident_mb for one in undisturbed.samples if one.pictures >= WARM_UP * MANY]
    print(
        f"\n{MANY} pictures in {undisturbed.seconds:.0f} s; behind {WARM_UP:.0%} of them resident "
        f"memory is {np.median(resident):.0f} MB (at most {max(resident):.0f}), growing "
        f"{undisturbed.growth_mb(WARM_UP):+.1f} MB per 100,000 pictures"
    )
    assert len(resident) > 20, "too few samples"
    assert undisturbed.growth_mb(WARM_UP) < MAX_GROWTH_MB


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_no_file_is_left_open(undisturbed: Undisturbed) -> None:
    files = [one.files for one in undisturbed.samples if one.pictures >= WARM_UP * MANY]
    assert max(files) - min(files) < 30, "the readers' own files come and go; no more"
    assert np.polyfit(range(len(files)), files, 1)[0] * len(files) < 10


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_what_the_job_says_of_itself_is_what_is_there(undisturbed: Undisturbed) -> None:
    job = read_job(undisturbed.output)
    assert job["counts"]["pictures"] == MANY
    assert job["counts"]["errors"] == {}
