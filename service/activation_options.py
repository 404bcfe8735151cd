"""The query of `activations`, and what it asks for once it is understood."""

from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from bundle.manifest import Manifest
from engine.pictures.colours import MapChoice
from engine.pictures.order import Sort
from engine.pictures.ranges import Scale, Scaling
from service.errors import InvalidQueryError
from service.observations import Dtype, Wish
from service.selection import Selection, select_channels, select_crop, select_layers
from service.sprites import Drawing

Format = Literal["json", "npz", "png"]
Pattern = Annotated[str, Field(min_length=1, max_length=256)]
Channels = Annotated[str, Field(max_length=1024)]

_ONLY_OF: dict[str, tuple[Format, ...]] = {
    "values": ("json",),
    "predictions": ("json", "npz"),
    "top_k": ("json", "npz"),
    "dtype": ("json", "npz"),
    "scale": ("png",),
    "lo": ("png",),
    "hi": ("png",),
    "quantile": ("png",),
    "map": ("png",),
    "zoom": ("png",),
}
"""Parameters that say something in some formats only; elsewhere they are refused, not ignored."""


class ActivationOptions(BaseModel):
    """The query; a parameter that does not exist is refused instead of ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    layer: list[Pattern] = Field(
        min_length=1,
        max_length=64,
        description="a layer's path or alias, or a pattern of them: `*` and `?` within one part of "
        "a path, `**` for any number of parts; may be repeated",
        examples=[["inception_v3/mixed*"]],
    )
    channel: list[Channels] = Field(
        default=[],
        max_length=64,
        description="channels, or units of dense layers: numbers and ranges; may be repeated; all "
        "where it is missing",
        examples=[["0-7,12"]],
    )
    crop: str | None = Field(
        default=None,
        description="y,x,height,width in cells of the layers' own grid",
        examples=["0,4,7,3"],
    )
    format: Format = Field(
        default="json",
        description="json: statistics, and values where asked; npz: the numbers; png: one layer "
        "as a sprite of its channels",
    )
    dtype: Dtype = Field(
        default="float32",
        description="of the values; float16 ends at ±65504, what lies beyond is put there and "
        "counted as `saturated`",
    )
    values: bool = Field(default=False, description="json: write the values out, too")
    predictions: bool = Field(
        default=False, description="the best classes, too, from the same run of the network"
    )
    top_k: int | None = Field(default=None, ge=1, description="classes, where they are asked for")
    sort: Sort = Field(
        default="index",
        description="greatest channels first, by picture: mean, max, std, or what they contribute "
        "to the best class's logit (activation x gradient, summed)",
    )
    limit: int | None = Field(default=None, ge=1, description="channels of each layer, at most")
    scale: Scale = Field(
        default="layer",
        description="png: the range of the colours: the layer's, each channel's own, fixed "
        "(lo, hi), or between the 1 - q and q quantiles",
    )
    lo: float | None = Field(default=None, allow_inf_nan=False, description="of scale=fixed")
    hi: float | None = Field(default=None, allow_inf_nan=False, description="of scale=fixed")
    quantile: float | None = Field(
        default=None, gt=0.5, le=1, description="q of scale=quantile; 0.99 where it is missing"
    )
    map: MapChoice = Field(
        default="auto",
        description="png: auto is diverging, symmetric about zero, where values are negative, "
        "sequential otherwise",
    )
    zoom: int | None = Field(
        default=None, ge=1, le=64, description="png: pixels a cell; small maps are magnified"
    )
    timeout_ms: int | None = Field(
        default=None, ge=1, description="from the whole request received to its answer"
    )

    def check(self) -> Self:
        """Itself.

        Raises:
            InvalidQueryError: a parameter says nothing beside the others.
        """
        for name, formats in _ONLY_OF.items():
            if name in self.model_fields_set and self.format not in formats:
                raise _invalid(name, f"goes with format={' or '.join(formats)}")
        if self.top_k is not None and not (self.predictions or self.sort == "contribution"):
            raise _invalid("top_k", "goes with predictions=true")
        if self.quantile is not None and self.scale != "quantile":
            raise _invalid("quantile", "goes with scale=quantile")
        fixed = self.scale == "fixed"
        for name in ("lo", "hi"):
            if (getattr(self, name) is not None) != fixed:
                words = "is needed with scale=fixed" if fixed else "goes with scale=fixed"
                raise _invalid(name, words)
        if self.lo is not None and self.hi is not None and self.lo >= self.hi:
            raise _invalid("lo", f"must lie below hi; received {self.lo} and {self.hi}")
        return self

    def select(self, manifest: Manifest) -> Selection:
        """What is asked of this network.

        Raises:
            LayerNotFoundError, ChannelNotFoundError: it has no such layer or channel.
            InvalidQueryError: channels or crop are malformed or do not fit.
        """
        layers = select_layers(manifest, self.layer)
        if self.format == "png" and len(layers) > 1:
            names = ", ".join(layer.path for layer in layers[:3])
            raise _invalid("layer", f"must be one layer with format=png; received {names} …")
        return Selection(
            layers,
            select_channels(layers, self.channel),
            select_crop(layers, self.crop),
            self.limit,
        )

    def wish(self, selection: Selection) -> Wish:
        """What is to be kept of the network's run."""
        return Wish(
            selection,
            sort=self.sort,
            dtype=self.dtype,
            values=self.values or self.format == "npz",
            statistics=self.format == "json",
            predictions=self.predictions,
        )

    def drawing(self) -> Drawing:
        """How a sprite is drawn; pictures of one request share a range, so that they compare."""
        scaling = Scaling(scale=self.scale, q=self.quantile or 0.99, share=True)
        if self.lo is not None and self.hi is not None:
            scaling = replace(scaling, lo=self.lo, hi=self.hi)
        return Drawing(scaling, self.map, self.zoom)


def _invalid(parameter: str, words: str) -> InvalidQueryError:
    return InvalidQueryError(f"{parameter} {words}", parameter=parameter)
