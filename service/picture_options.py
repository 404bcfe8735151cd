"""The part of a query that says in which form it is answered, and how values become colours."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from engine.pictures.colours import MapChoice
from engine.pictures.ranges import FLOAT32_MAX, Scale, Scaling
from service.deadlines import TimedOptions
from service.errors import InvalidQueryError

Format = Literal["json", "npz", "png"]

Pattern = Annotated[str, Field(min_length=1, max_length=256)]
MAX_REPEATS = 64
"""Of one parameter: each pattern is searched for among all layers, on the event loop."""

Value = Annotated[float, Field(ge=-FLOAT32_MAX, le=FLOAT32_MAX, allow_inf_nan=False)]
"""What float32, the type of what is drawn, can hold."""

_QUANTILE = 0.99

_ONLY_OF: dict[str, tuple[Format, ...]] = {
    "scale": ("png",),
    "lo": ("png",),
    "hi": ("png",),
    "quantile": ("png",),
    "map": ("png",),
}


class PictureOptions(TimedOptions):
    """Format, and the colours of a PNG."""

    format: Format = Field(
        default="json", description="json; npz: the numbers, for numpy.load; png: a picture"
    )
    scale: Scale = Field(
        default="layer",
        description="png: the range of the colours: all values', each channel's own, fixed "
        "(lo, hi), or between the 1 - q and q quantiles",
    )
    lo: Value | None = Field(default=None, description="of scale=fixed")
    hi: Value | None = Field(default=None, description="of scale=fixed")
    quantile: float | None = Field(
        default=None, gt=0.5, le=1, description="q of scale=quantile; 0.99 where it is missing"
    )
    map: MapChoice = Field(
        default="auto",
        description="png: auto is diverging, symmetric about zero, where values are negative, "
        "sequential otherwise",
    )

    def check_format(self, only_of: Mapping[str, tuple[Format, ...]]) -> None:
        """Raise InvalidQueryError for a parameter that says nothing in this format.

        Args:
            only_of: the formats in which a parameter says something, of those that do not in all;
                the colours are known here.
        """
        for name, formats in {**only_of, **_ONLY_OF}.items():
            if name in self.model_fields_set and self.format not in formats:
                raise invalid(name, f"goes with format={' or '.join(formats)}")

    def scaling(self) -> Scaling:
        """How the range is found; pictures of one request share it, so that they compare.

        Raises:
            InvalidQueryError: lo, hi or quantile say nothing beside the scale, or lo >= hi.
        """
        if self.quantile is not None and self.scale != "quantile":
            raise invalid("quantile", "goes with scale=quantile")
        fixed = self.scale == "fixed"
        for name, value in (("lo", self.lo), ("hi", self.hi)):
            if (value is not None) != fixed:
                words = "is needed with scale=fixed" if fixed else "goes with scale=fixed"
                raise invalid(name, words)
        if self.lo is None or self.hi is None:
            return Scaling(self.scale, q=self.quantile or _QUANTILE, share=True)
        if self.lo >= self.hi:
            raise invalid("lo", f"must lie below hi; received {self.lo} and {self.hi}")
        return Scaling(self.scale, lo=self.lo, hi=self.hi, share=True)


def invalid(parameter: str, words: str) -> InvalidQueryError:
    """A parameter that says nothing beside the others, and why."""
    return InvalidQueryError(f"{parameter} {words}", parameter=parameter)
