"""The wire types: what the JSON answers hold. Routes answer plain values of these shapes."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bundle.manifest import (
    Accuracy,
    EndToEnd,
    ImageInput,
    Layer,
    Precision,
    PrecisionName,
    Preprocessing,
)


class Wire(BaseModel):
    """Base of the wire types."""

    model_config = ConfigDict(frozen=True)


class Error(Wire):
    """What went wrong."""

    code: str = Field(examples=["model_not_found"])
    message: str = Field(description="one sentence: what was expected, what was received")
    details: dict[str, Any] = Field(default_factory=dict)


class ErrorBody(Wire):
    """The body of every answer that is not a success."""

    error: Error


class Prediction(Wire):
    """A class and its score."""

    class_id: int = Field(description="index of the network's output", examples=[8])
    label: str = Field(examples=["bag"])
    score: float = Field(examples=[0.974])


class ImageResult(Wire):
    """One picture's best classes, or why it has none."""

    image: str | None = Field(description="the part's file name; null where there is none")
    classes: list[Prediction] | None = Field(default=None, description="best first")
    error: Error | None = None


class Timing(Wire):
    """Milliseconds; of several pictures the slowest counts."""

    decode: float
    queue: float
    inference: float


class PredictAnswer(Wire):
    """The answer to `predict`; `results` are in the order of the pictures."""

    model: str
    version: int
    precision: PrecisionName
    score: Literal["probability", "logit"]
    results: list[ImageResult]
    timing_ms: Timing
    batch_size: int = Field(description="pictures of the run, those of other requests included")


class ModelSummary(Wire):
    """A served version in one line."""

    name: str
    version: int
    versions: list[int] = Field(description="published, served or not")
    aliases: list[str] = Field(
        description="what else finds this version; `default` is among them where it answers who "
        "names none",
        examples=[["default", "latest", "stable"]],
    )
    architecture: str
    classes: int
    layers: int
    input: ImageInput
    score: Literal["probability", "logit"]
    accuracy: Accuracy | None
    device: str = Field(description="where it runs", examples=["cpu", "openvino", "cuda:0"])
    precision: PrecisionName = Field(description="in which predictions are computed")
    refused: dict[str, str] = Field(description="of the other devices: why it does not run there")


class FailedModel(Wire):
    """A version that is to be served and cannot be; the log says more."""

    name: str
    version: int | None = Field(description="null where the model's aliases.json is at fault")
    error: Error


class ModelList(Wire):
    """What is served."""

    models: list[ModelSummary]
    failed: list[FailedModel]


class ModelDetail(ModelSummary):
    """The manifest in short."""

    created: datetime
    training: str
    preprocessing: Preprocessing
    activation: Literal["softmax", "sigmoid", "none"]
    labels: list[str]
    precisions: list[Precision]
    end_to_end: EndToEnd


class LayerTable(Wire):
    """The layers in the order of computation; empty where the bundle serves predictions alone."""

    model: str
    version: int
    layers: list[Layer]


class Health(Wire):
    """Whether the service lives, or is ready."""

    status: Literal["live", "ready"]
