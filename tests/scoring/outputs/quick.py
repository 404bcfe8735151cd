"""Places for results whose locks are renewed, and grow stale, at a test's pace."""

from scoring.outputs.lease import Pace
from scoring.outputs.objects import ObjectOutput
from scoring.outputs.output import Output
from scoring.outputs.places import open_output
from scoring.sources.locations import Location

QUICK = Pace(renew_seconds=0.1, look_seconds=0.05, stale_seconds=3.0)


def reopen(location: str) -> Output:
    """The place that this is."""
    return (
        ObjectOutput(Location(location), pace=QUICK) if "://" in location else open_output(location)
    )
