"""The wire types of `activations` in JSON; its archive has the same facts under `:about`."""

from typing import Any, Literal

from pydantic import Field

from engine.pictures.order import Sort
from service.observations import Dtype
from service.schemas import Error, Prediction, Wire


class SelectedLayer(Wire):
    """A layer that was asked for."""

    layer: str = Field(examples=["inception_v3/mixed5"])
    keras_class: str
    shape: list[int] = Field(description="(height, width, channels) or (units,)")
    selected: list[int] = Field(description="what crop, channels and limit leave of it")


class WireCrop(Wire):
    """A rectangle of the layers' own grid; (y, x) is its upper left cell."""

    y: int
    x: int
    height: int
    width: int


class Statistics(Wire):
    """One number a channel, in the order of `channels`; null where no value is finite."""

    min: list[float | None]
    mean: list[float | None]
    max: list[float | None]
    std: list[float | None] = Field(description="of the population")
    zeros: list[float | None] = Field(description="share of exact zeros, 0-1")
    nonfinite: list[int] = Field(description="NaN and infinite values, left out of the others")


class LayerActivation(Wire):
    """One layer on one picture."""

    layer: str
    channels: list[int] = Field(description="which, in the order of everything else here")
    statistics: Statistics = Field(description="within the crop")
    contributions: list[float] | None = Field(
        default=None,
        description="sum of activation x gradient of the best class's logit; with "
        "`sort=contribution`",
    )
    values: list[Any] | None = Field(
        default=None,
        description="nested as `selected` says, with `values=true`; null is not finite",
    )
    saturated: int | None = Field(
        default=None, description="values that float16 could not hold, with `values=true`"
    )


class ActivationResult(Wire):
    """One picture's activations, or why it has none."""

    image: str | None = Field(description="the part's file name; null where there is none")
    classes: list[Prediction] | None = Field(
        default=None, description="best first; with `predictions=true` or `sort=contribution`"
    )
    layers: list[LayerActivation] | None = None
    error: Error | None = None


class InspectionTiming(Wire):
    """Milliseconds of the whole request."""

    decode: float
    queue: float
    inference: float


class ActivationsAnswer(Wire):
    """The answer to `activations`; `results` are in the order of the pictures."""

    model: str
    version: int
    precision: Literal["fp32"]
    score: Literal["probability", "logit"]
    dtype: Dtype
    sort: Sort
    crop: WireCrop | None
    layers: list[SelectedLayer]
    results: list[ActivationResult]
    timing_ms: InspectionTiming
