"""What decides every byte of a job's output: a run with other settings is another job."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from bundle.manifest import PrecisionName

Pool = Literal["mean", "max", "none"]


class InputSettings(BaseModel):
    """Where the pictures are, and what the input says of them.

    `location` is the INPUT of the command line: a path made absolute, or a URL.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    location: str
    path_column: str | None = None
    bytes_column: str | None = None
    label_column: str | None = None
    labels_from_folders: bool = False
    max_file_bytes: int = Field(default=50_000_000, gt=0)
    shard_pictures: int = Field(default=1000, gt=0)


class ModelSettings(BaseModel):
    """Which network, and how it runs; all of it resolved: `device` is never `auto`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    version: int
    manifest_sha256: str
    device: str
    precision: PrecisionName
    batch: int = Field(default=8, gt=0)
    max_image_pixels: int = 50_000_000
    max_image_aspect: float = 100.0
    draft: bool = False


class ColumnSettings(BaseModel):
    """What a row holds beside what every row holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    top_k: int = Field(default=5, gt=0)
    all_scores: bool = False
    layers: tuple[str, ...] = ()
    pool: Pool = "mean"


class JobSettings(BaseModel):
    """A job, whole; `_job.json` holds it, and a run that continues must have the same."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input: InputSettings
    model: ModelSettings
    columns: ColumnSettings
