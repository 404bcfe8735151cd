"""What a model version says it has done."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import numpy as np
import pytest

from bundle.repository import Bundle
from engine.batching.outcome import Outcome
from engine.classifier import Classifier
from engine.errors import QueueFullError, UndecodableImageError
from service.predictor import Predictor
from service.settings import Settings
from service.slots import DeviceSlots
from service.statistics import ModelStatistics, statistics
from service.work import Done, Run

PREDICT = "/v1/models/colours/predict"
STATS = "/v2/models/colours/stats"
PHASES = ("queue", "compute_input", "compute_infer", "compute_output")


def run_of(images: int, *, at: float = 0.0) -> Run:
    """2 ms of decoding, 8 of the network, 1 of choosing."""
    return Run(at, at + 0.002, at + 0.010, at + 0.011, images)


def outcome(run: Run, error: UndecodableImageError | None = None) -> Outcome[Done]:
    return Outcome(Done([], error, 1.0, run), 0.5, 11.0, run.images)


def ms(duration: dict[str, int]) -> tuple[int, float]:
    """How often, and ms to two digits."""
    return duration["count"], round(duration["ns"] / 1e6, 2)


def test_a_run_is_counted_under_its_size() -> None:
    counted = ModelStatistics()
    for run in (run_of(1), run_of(4), run_of(4, at=5.0)):
        counted.ran(run)
    answer = counted.answer()
    assert answer["execution_count"] == 3
    one, four = answer["batch_stats"]
    assert (one["batch_size"], four["batch_size"]) == (1, 4)
    assert ms(four["compute_input"]) == (2, 4.0)
    assert ms(four["compute_infer"]) == (2, 16.0)
    assert ms(four["compute_output"]) == (2, 2.0)


def test_a_run_in_which_nothing_could_be_decoded_was_none() -> None:
    counted = ModelStatistics()
    counted.ran(run_of(0))
    assert counted.answer()["batch_stats"] == []
    assert counted.answer()["execution_count"] == 0


def test_the_phases_of_a_request_are_its_whole_time() -> None:
    counted = ModelStatistics()
    counted.succeeded([outcome(run_of(1))], 0.020, decode_ms=3.0)
    stats = counted.answer()["inference_stats"]
    assert ms(stats["success"]) == (1, 20.0)
    assert ms(stats["queue"]) == (1, 6.0)
    assert ms(stats["compute_input"]) == (1, 5.0)
    assert ms(stats["compute_infer"]) == (1, 8.0)
    assert ms(stats["compute_output"]) == (1, 1.0)


def test_of_several_pictures_the_last_run_speaks_for_the_request_and_each_is_counted() -> None:
    counted = ModelStatistics()
    last = Run(0.02, 0.02, 0.05, 0.06, 2)
    bad = UndecodableImageError("no picture")
    counted.succeeded(
        [outcome(last), outcome(run_of(3)), outcome(last), outcome(last, bad)], 0.06, decode_ms=0.0
    )
    answer = counted.answer()
    assert answer["inference_count"] == 3
    assert answer["last_inference"] > 1_700_000_000_000
    assert ms(answer["inference_stats"]["compute_infer"]) == (1, 30.0)


def test_a_request_of_which_no_picture_could_be_used_took_no_part_in_the_phases() -> None:
    counted = ModelStatistics()
    counted.succeeded([], 0.001, decode_ms=1.0)
    failed: Outcome[Done] = Outcome(RuntimeError("the network failed"), 0.5, 11.0, 1)
    counted.succeeded([failed], 0.001, decode_ms=1.0)
    answer = counted.answer()
    assert ms(answer["inference_stats"]["success"]) == (2, 2.0)
    assert answer["inference_stats"]["compute_infer"] == {"count": 0, "ns": 0}
    assert (answer["inference_count"], answer["last_inference"]) == (0, 0)


def test_what_many_clients_ask_at_once_adds_up(
    colours: Bundle, colour_pictures: np.ndarray
) -> None:
    async def ask() -> dict[str, Any]:
        classifier = Classifier(colours, measure=False)
        with ThreadPoolExecutor(1) as decoders:
            async with DeviceSlots() as devices:
                served = Predictor(
                    classifier,
                    {1: 0.01},
                    slots=devices.of(classifier.runner),
                    decoders=decoders,
                    settings=Settings(queue_images=60),
                )
                work = [
                    served.predict(colour_pictures, top_k=1, timeout_ms=10_000) for _ in range(30)
                ]
                answers = await asyncio.gather(*work, return_exceptions=True)
                assert sum(isinstance(answer, QueueFullError) for answer in answers) == 10
                return statistics(served)

    answer = asyncio.run(ask())
    stats = answer["inference_stats"]
    assert (answer["name"], answer["version"]) == ("colours", "1")
    assert stats["success"]["count"] == 20
    assert stats["fail"]["count"] == 10
    assert answer["inference_count"] == 60
    sizes = {b["batch_size"]: b["compute_infer"]["count"] for b in answer["batch_stats"]}
    assert sum(size * count for size, count in sizes.items()) == 60
    assert sum(sizes.values()) == answer["execution_count"]
    assert sum(stats[phase]["ns"] for phase in PHASES) == pytest.approx(
        stats["success"]["ns"], rel=1e-3
    )


def of_colours(client: httpx.Client, path: str = STATS) -> dict[str, Any]:
    """The statistics of the one version of colours that is served."""
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    [found] = [one for one in answer.json()["model_stats"] if one["name"] == "colours"]
    return found


def test_the_service_counts_what_it_answers_and_what_it_refuses(
    client: httpx.Client, pictures: tuple[bytes, ...]
) -> None:
    before = of_colours(client)
    client.post(PREDICT, files=[("image", picture) for picture in pictures])
    client.post(PREDICT, content=b"no picture")
    after = of_colours(client)
    grown = {
        name: after["inference_stats"][name]["count"] - before["inference_stats"][name]["count"]
        for name in ("success", "fail", *PHASES)
    }
    assert grown == {"success": 1, "fail": 1, **dict.fromkeys(PHASES, 1)}
    assert after["inference_count"] == before["inference_count"] + 3
    assert after["execution_count"] > before["execution_count"]
    assert after["last_inference"] >= before["last_inference"]


@pytest.mark.parametrize("path", ["/v2/models/stats", STATS, "/v2/models/colours/versions/2/stats"])
def test_a_version_is_found_in_every_way(client: httpx.Client, path: str) -> None:
    found = of_colours(client, path)
    assert (found["name"], found["version"]) == ("colours", "2")
    assert list(found["inference_stats"]) == [
        "success",
        "fail",
        *PHASES,
        "cache_hit",
        "cache_miss",
    ]


@pytest.mark.parametrize("path", ["/v2/models/none/stats", "/v2/models/colours/versions/9/stats"])
def test_what_is_not_served_has_no_statistics(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert list(answer.json()) == ["error"]
    assert isinstance(answer.json()["error"], str)
