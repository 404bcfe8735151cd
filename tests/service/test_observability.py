"""docs/observability.md names every metric, and none that is not there."""

import asyncio
import re
from pathlib import Path

import httpx

from service.application import build_application
from service.settings import Settings

DOCUMENT = Path(__file__).parents[2] / "docs" / "observability.md"


async def shown(settings: Settings) -> str:
    """What Prometheus reads of an application that serves nothing."""
    transport = httpx.ASGITransport(build_application(settings).road)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        return (await client.get("/metrics")).text


def test_the_document_names_every_metric_and_no_other(tmp_path: Path) -> None:
    text = asyncio.run(shown(Settings(models=tmp_path)))
    there = set(re.findall(r"^# TYPE (cutaway_\w+)", text, re.MULTILINE))
    assert len(there) > 20
    table = [line for line in DOCUMENT.read_text().splitlines() if line.startswith("| `cutaway_")]
    named = {name for line in table for name in re.findall(r"`(cutaway_\w+)`", line.split("|")[1])}
    named.add("cutaway_inspect_cache_misses_total")  # `…_misses_total`, beside the hits
    assert named == there
