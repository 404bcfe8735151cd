"""The kinds of numbers that settings are: each with its range and its unit."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field


@dataclass(frozen=True, slots=True)
class Unit:
    """What the table's unit column says of a field."""

    name: str


OptionalFile = Annotated[Path | None, Unit("file")]
Folder = Annotated[Path, Unit("folder")]
Threads = Annotated[int, Field(ge=0), Unit("threads")]
OwnThreads = Annotated[int, Field(ge=1), Unit("threads")]
Requests = Annotated[int, Field(ge=1), Unit("requests")]
OptionalRequests = Annotated[int, Field(ge=0), Unit("requests")]
Connections = Annotated[int, Field(ge=0), Unit("connections")]
Sessions = Annotated[int, Field(ge=1), Unit("sessions")]
Layers = Annotated[int, Field(ge=1), Unit("layers")]
Numbers = Annotated[int, Field(ge=1), Unit("numbers")]
Passes = Annotated[int, Field(ge=1), Unit("passes")]
Pictures = Annotated[int, Field(ge=1), Unit("pictures")]
Pixels = Annotated[int, Field(ge=1), Unit("pixels")]
Bytes = Annotated[int, Field(ge=1), Unit("bytes")]
OptionalBytes = Annotated[int, Field(ge=0), Unit("bytes")]
Milliseconds = Annotated[int, Field(ge=1), Unit("ms")]
OptionalMilliseconds = Annotated[int, Field(ge=0), Unit("ms")]
Seconds = Annotated[int, Field(ge=1), Unit("s")]
OptionalSeconds = Annotated[int, Field(ge=0), Unit("s")]
Interval = Annotated[float, Field(ge=0, allow_inf_nan=False), Unit("s")]
Port = Annotated[int, Field(ge=0, le=65_535), Unit("port")]
Classes = Annotated[int, Field(ge=1), Unit("classes")]
Ratio = Annotated[float, Field(ge=1), Unit("ratio")]
Origins = Annotated[
    str,
    Field(pattern=r"^(\*|https?://[^/,\s]+(,https?://[^/,\s]+)*)?$"),
    Unit("origins"),
]
