"""The query of `activations`, and what it asks for once it is understood."""

from typing import Annotated, Self

from pydantic import Field

from bundle.manifest import Manifest
from engine.pictures.order import Sort
from service.observations import Dtype, Wish
from service.picture_options import MAX_REPEATS, Format, Pattern, PictureOptions, invalid
from service.selection import Selection, select_channels, select_crop, select_layers
from service.sprites import Drawing

Channels = Annotated[str, Field(max_length=1024)]

_ONLY_OF: dict[str, tuple[Format, ...]] = {
    "values": ("json",),
    "predictions": ("json", "npz"),
    "top_k": ("json", "npz"),
    "dtype": ("json", "npz"),
    "zoom": ("png",),
}
"""Its own parameters that say something in some formats only; elsewhere they are refused."""


class ActivationOptions(PictureOptions):
    """The query of `activations`."""

    layer: list[Pattern] = Field(
        min_length=1,
        max_length=MAX_REPEATS,
        description="a layer's path or alias, or a pattern of them: `*` and `?` within one part of "
        "a path, `**` for any number of parts; may be repeated",
        examples=[["inception_v3/mixed*"]],
    )
    channel: list[Channels] = Field(
        default=[],
        max_length=MAX_REPEATS,
        description="channels, or units of dense layers: numbers and ranges; may be repeated; all "
        "where it is missing",
        examples=[["0-7,12"]],
    )
    crop: str | None = Field(
        default=None,
        description="y,x,height,width in cells of the layers' own grid",
        examples=["0,4,7,3"],
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
    zoom: int | None = Field(
        default=None, ge=1, le=64, description="png: pixels a cell; small maps are magnified"
    )

    def check(self) -> Self:
        """Itself.

        Raises:
            InvalidQueryError: a parameter says nothing beside the others.
        """
        self.check_format(_ONLY_OF)
        if self.top_k is not None and not (self.predictions or self.sort == "contribution"):
            raise invalid("top_k", "goes with predictions=true")
        self.scaling()
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
            raise invalid("layer", f"must be one layer with format=png; received {names} …")
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
        return Drawing(self.scaling(), self.map, self.zoom)
