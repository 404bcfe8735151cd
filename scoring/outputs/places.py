"""From what the user wrote to a place for results."""

from pathlib import Path

from scoring.errors import InputError, OutputError
from scoring.outputs.local import LocalOutput
from scoring.outputs.output import Output
from scoring.sources.locations import parse_location


def open_output(text: str) -> Output:
    """The OUTPUT of the command line; nothing is made or asked yet.

    Args:
        text: a path, or the URL of a prefix in an object store: `s3://bucket/results`.

    Raises:
        OutputError: another kind of URL, or no keys for its store in the environment.
    """
    try:
        place = parse_location(text)
    except InputError as error:
        raise OutputError(f"OUTPUT {text!r} is no place for results: {error}") from error
    if place.is_local:
        return LocalOutput(Path(place.url))
    from scoring.outputs.objects import ObjectOutput  # noqa: PLC0415  who needs no store loads none

    return ObjectOutput(place)
