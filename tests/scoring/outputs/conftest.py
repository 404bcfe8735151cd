"""Every kind of place for results."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from scoring.outputs.local import LocalOutput
from scoring.outputs.objects import ObjectOutput
from scoring.outputs.output import Output
from scoring.sources.locations import Location
from tests.scoring.buckets import Bucket
from tests.scoring.faulty_proxy import faulty_proxy, no_fault
from tests.scoring.outputs.quick import QUICK


@pytest.fixture
def folder(tmp_path: Path) -> LocalOutput:
    """A folder that is there."""
    place = tmp_path / "output"
    place.mkdir()
    return LocalOutput(place)


@pytest.fixture
def prefix(s3: Bucket, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectOutput]:
    """A prefix of an empty bucket."""
    with faulty_proxy(s3.server, no_fault) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
        yield ObjectOutput(Location(f"{s3.url}/some/output"), pace=QUICK)


@pytest.fixture(params=["folder", "prefix"])
def output(request: pytest.FixtureRequest) -> Output:
    """The one and the other."""
    return request.getfixturevalue(request.param)
