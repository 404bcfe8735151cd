"""Settings of small jobs, for tests that need no command line."""

from pathlib import Path
from typing import Any

from bundle.digests import sha256_of
from bundle.repository import MANIFEST, Bundle
from scoring.settings import ColumnSettings, InputSettings, JobSettings, ModelSettings


def make_settings(
    bundle: Bundle, place: Path | str, *, shard: int = 1000, batch: int = 8, **columns: Any
) -> JobSettings:
    """A job over `place` by that bundle on the processor, in fp32."""
    return JobSettings(
        input=InputSettings(location=str(place), shard_pictures=shard),
        model=ModelSettings(
            name=bundle.manifest.name,
            version=bundle.manifest.version,
            manifest_sha256=sha256_of(bundle.path(MANIFEST)),
            device="cpu",
            precision="fp32",
            batch=batch,
        ),
        columns=ColumnSettings(**columns),
    )
