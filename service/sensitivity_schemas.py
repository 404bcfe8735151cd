"""The wire types of `sensitivity` in JSON; its archive has the same facts under `:about`."""

from typing import Any, Literal

from pydantic import Field

from engine.attribution.maps import Reduction
from service.activation_schemas import InspectionTiming, Statistics
from service.schemas import Error, Wire


class ResolvedTarget(Wire):
    """The number that the sensitivity is of, on one picture: a class's, or a channel's."""

    query: str = Field(description="asks for exactly this target again", examples=["class:8"])
    score: Literal["logit", "probability", "activation"]
    value: float = Field(description="of the target itself")
    class_id: int | None = None
    label: str | None = None
    layer: str | None = None
    channel: int | None = None
    position: tuple[int, int] | None = Field(
        default=None, description="(y, x) of a neuron; null is the whole channel"
    )
    seed: Literal["one", "activation"] | None = Field(
        default=None, description="activation: the target is half the sum of squares"
    )


class TotalStatistics(Wire):
    """Over all values; null where none is finite."""

    min: float | None
    mean: float | None
    max: float | None
    std: float | None = Field(description="of the population")
    zeros: float | None = Field(description="share of exact zeros, 0-1")
    nonfinite: int = Field(description="NaN and infinite values, left out of the others")


class LayerGradient(Wire):
    """How the target depends on one layer, on one picture: dJ/dX, signed."""

    layer: str = Field(description="`input` is the picture, in levels 0-255")
    shape: list[int] = Field(description="(height, width, channels) or (units,)")
    statistics: TotalStatistics
    channels: Statistics = Field(description="one number a channel")
    values: list[Any] | None = Field(description="nested as `shape` says, with `values=true`")


class SensitivityMap(Wire):
    """One number a place."""

    shape: tuple[int, int] = Field(description="(height, width); may be coarser than the picture")
    statistics: TotalStatistics
    values: list[list[float]] | None = Field(description="null where they are many")


class Curves(Wire):
    """The class's probability from the first pixel to the last."""

    deletion: list[float]
    insertion: list[float]
    random_deletion: list[float] = Field(description="the mean over random maps")
    random_insertion: list[float]


class FaithfulnessResult(Wire):
    """Areas under the curves, 0-1; random maps, as coarse as this one, are the yardstick."""

    deletion: float = Field(description="lower is better")
    insertion: float = Field(description="higher is better")
    random_deletion: float
    random_insertion: float
    curves: Curves


class SensitivityResult(Wire):
    """One picture's sensitivity, or why it has none."""

    image: str | None = Field(description="the part's file name; null where there is none")
    target: ResolvedTarget | None = None
    gradients: list[LayerGradient] | None = Field(
        default=None, description="empty for methods that answer a map"
    )
    map: SensitivityMap | None = None
    completeness_gap: float | None = Field(
        default=None,
        description="integrated-gradients: how far the shares are from adding up to the rise",
    )
    faithfulness: FaithfulnessResult | None = None
    error: Error | None = None


class PassCount(Wire):
    """Pictures run through the network by the method and for faithfulness."""

    forward: int
    backward: int


class SensitivityAnswer(Wire):
    """The answer to `sensitivity`; `results` are in the order of the pictures."""

    model: str
    version: int
    precision: Literal["fp32"]
    method: str
    variant: str = Field(description="what exactly is computed, where implementations differ")
    source: str = Field(description="who published the method")
    parameters: dict[str, float | int | str] = Field(description="all, the defaults too")
    layers: list[str] = Field(description="with respect to what; of a CAM what it is drawn from")
    reduce: Reduction | None = Field(description="from channels to a map")
    results: list[SensitivityResult]
    passes: PassCount
    timing_ms: InspectionTiming
