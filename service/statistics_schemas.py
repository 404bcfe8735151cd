"""The wire types of the protocol's statistics."""

from typing import Any

from pydantic import Field

from service.schemas import Wire


class DurationCount(Wire):
    """How often, and how long altogether."""

    count: int
    ns: int


class Computed(Wire):
    """The phases of the network's runs."""

    compute_input: DurationCount = Field(description="decoding and joining pictures")
    compute_infer: DurationCount = Field(description="the network")
    compute_output: DurationCount = Field(description="choosing the classes")


class BatchStatistics(Computed):
    """Of the runs of one size."""

    batch_size: int = Field(description="pictures of a run")


class RequestStatistics(Computed):
    """Of the requests for predictions; those whose client left are not among them."""

    success: DurationCount
    fail: DurationCount = Field(description="refused ones too")
    queue: DurationCount
    cache_hit: DurationCount = Field(description="zero: predictions are not kept")
    cache_miss: DurationCount


class VersionStatistics(Wire):
    """Of one served version, since it was loaded."""

    name: str
    version: str
    last_inference: int = Field(description="ms since 1970; 0: never")
    inference_count: int = Field(description="pictures that were predicted")
    execution_count: int = Field(description="runs of the network")
    inference_stats: RequestStatistics
    response_stats: dict[str, Any] = Field(description="empty: no answer comes in parts")
    batch_stats: list[BatchStatistics]
    memory_usage: list[Any]


class StatisticsAnswer(Wire):
    """What `stats` answers."""

    model_stats: list[VersionStatistics]
