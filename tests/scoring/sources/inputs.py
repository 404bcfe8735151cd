"""What a test says of an input, and what comes of it."""

from pathlib import Path
from typing import Any

from scoring.settings import InputSettings
from scoring.shards import Shard
from scoring.sources.locations import parse_location
from scoring.sources.picture import Picture
from scoring.sources.planning import plan
from scoring.sources.reading import ShardReader


def settings_of(location: Path | str, **changes: Any) -> InputSettings:
    """The settings of an INPUT, as the command line makes them."""
    return InputSettings(location=parse_location(str(location)).url, **changes)


def plan_of(location: Path | str, **changes: Any) -> list[Shard]:
    """Its shards."""
    return list(plan(settings_of(location, **changes)))


def sources_of(location: Path | str, **changes: Any) -> list[str]:
    """The names of its pictures, in the order of the output."""
    return [picture.source for picture in pictures_of(location, **changes)]


def pictures_of(location: Path | str, **changes: Any) -> list[Picture]:
    """Its pictures, planned and read."""
    settings = settings_of(location, **changes)
    reader = ShardReader(settings)
    return [picture for shard in plan(settings) for picture in reader.read(shard)]


def touch(folder: Path, *names: str) -> Path:
    """Files of their own names' bytes in a folder; the folder."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return folder
