"""The part of a query that says how values become colours."""

from pydantic import BaseModel, ConfigDict, Field

from engine.pictures.colours import MapChoice
from engine.pictures.ranges import Scale, Scaling
from service.errors import InvalidQueryError

_QUANTILE = 0.99


class PictureOptions(BaseModel):
    """Colours of a PNG; a parameter that does not exist is refused instead of ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scale: Scale = Field(
        default="layer",
        description="png: the range of the colours: all values', each channel's own, fixed "
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

    def scaling(self) -> Scaling:
        """How the range is found; pictures of one request share it, so that they compare.

        Raises:
            InvalidQueryError: lo, hi or quantile say nothing beside the scale, or lo >= hi.
        """
        if self.quantile is not None and self.scale != "quantile":
            raise _invalid("quantile", "goes with scale=quantile", self.quantile)
        if self.scale != "fixed":
            for name, value in (("lo", self.lo), ("hi", self.hi)):
                if value is not None:
                    raise _invalid(name, "goes with scale=fixed", value)
            return Scaling(self.scale, q=self.quantile or _QUANTILE, share=True)
        if self.lo is None or self.hi is None or self.lo >= self.hi:
            raise _invalid("scale", f"=fixed wants lo < hi; received {self.lo}, {self.hi}", "fixed")
        return Scaling("fixed", lo=self.lo, hi=self.hi, share=True)


def _invalid(parameter: str, words: str, received: object) -> InvalidQueryError:
    return InvalidQueryError(f"{parameter} {words}", parameter=parameter, received=received)
