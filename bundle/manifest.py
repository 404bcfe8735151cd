"""The manifest: everything a server must know of a network, without opening it."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

SCHEMA_VERSION = 1

ModelName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,126}$")]
Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Difference = Annotated[float, Field(ge=0)]

PrecisionName = Literal["fp32", "bf16", "fp16", "int8"]
"""What a device computes in. bf16 has no graph of its own: a device computes the fp32 graph so."""


class Part(BaseModel):
    """Base of the manifest's parts: frozen, and strict about unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Source(Part):
    """What the bundle was made from."""

    file: str
    sha256: Sha256
    keras_version: str
    tensorflow_version: str
    tf2onnx_version: str
    architecture: str = Field(description="the model's own name, e.g. inception_v3")
    training: str = Field(default="", description="a note on the training data and schedule")


class ImageInput(Part):
    """The graph's one input: (batch, height, width, channels)."""

    tensor: str = "image"
    dtype: Literal["uint8", "float32"] = Field(
        default="uint8",
        description="float32 where rounding the resized picture to whole levels moves the answers",
    )
    height: Positive
    width: Positive
    channels: Literal[1, 3]


class Preprocessing(Part):
    """From an encoded picture to the graph's input, as the training pipeline did it.

    The values leave as RGB (or grey) levels, 0-255; whatever follows is inside the graph.
    """

    recipe: Literal["tensorflow", "pillow"] = Field(
        description="tensorflow: image_dataset_from_directory; pillow: load_img, torchvision, timm"
    )
    method: Literal["stretch", "crop", "pad"] = Field(description="how the aspect ratio is treated")
    interpolation: Literal["nearest", "bilinear", "bicubic", "area", "lanczos"] = "bilinear"
    antialias: bool = Field(default=False, description="widen the kernel when shrinking")
    crop_fraction: Annotated[float, Field(gt=0, le=1)] = Field(
        default=1.0, description="share of the short side that a centre crop keeps"
    )
    exif: Literal["ignore", "apply"] = Field(default="ignore", description="orientation tag")
    background: tuple[int, int, int] | None = Field(
        default=None, description="RGB colour under transparent pixels; null drops alpha"
    )
    in_graph: str = Field(description="what the graph itself does to the levels, in words")


class Output(Part):
    """The graph's prediction: (batch, classes), float32."""

    tensor: str = "predictions"
    activation: Literal["softmax", "sigmoid", "none"]

    @property
    def score(self) -> Literal["probability", "logit"]:
        """What a prediction's score is."""
        return "logit" if self.activation == "none" else "probability"


class Layer(Part):
    """A named point of the network; its path was frozen at export."""

    path: str = Field(description="e.g. inception_v3/mixed5")
    keras_class: str
    shape: tuple[int, ...] = Field(
        description="of one image: (height, width, channels) or (units,)"
    )
    channels: int = Field(description="length of the last axis")
    tensor: str = Field(description="the output's name in inspect.onnx")
    parameters: NotNegative
    differentiable: bool = Field(description="whether the prediction depends on it differentiably")
    aliases: tuple[str, ...] = ()


class Calibration(Part):
    """How the ranges of an int8 graph's activations were found."""

    method: Literal["entropy", "percentile", "minmax"]
    images: Positive


class Precision(Part):
    """A variant of the prediction graph, measured against fp32 on held-out pictures.

    Scores are compared as the model gives them; logits go through a softmax first.
    """

    name: PrecisionName
    file: FileName
    top1_agreement: Share = Field(description="share of pictures with fp32's first class")
    max_abs_difference: Difference = Field(description="largest |Δp| of all pictures and classes")
    mean_abs_difference: Difference = Field(
        default=0, description="mean of each picture's largest |Δp|"
    )
    images: NotNegative = Field(default=0, description="pictures measured; 0: fp32 itself")
    calibration: Calibration | None = None
    accuracy: Share | None = Field(
        default=None, description="on the same pictures, where their classes were known"
    )
    fp32_accuracy: Share | None = Field(default=None, description="fp32's, on the same pictures")


class Accuracy(Part):
    """Accuracy measured on pictures that training never saw."""

    top1: Share
    images: Positive
    dataset: str


class EndToEnd(Part):
    """The bundle's road from picture files against the training pipeline's."""

    images: Positive
    top1_agreement: Share
    max_abs_difference: Difference


class File(Part):
    """One file beside the manifest."""

    sha256: Sha256
    size_bytes: NotNegative


class Manifest(Part):
    """`manifest.json`: one model version, complete."""

    schema_version: Literal[1] = SCHEMA_VERSION
    name: ModelName
    version: Positive
    created: datetime
    source: Source
    labels: tuple[str, ...]
    input: ImageInput
    preprocessing: Preprocessing
    output: Output
    layers: tuple[Layer, ...] = Field(
        description="in the order of computation; empty: predict only"
    )
    precisions: tuple[Precision, ...]
    end_to_end: EndToEnd
    accuracy: Accuracy | None = None
    files: dict[FileName, File]
