"""What a run is told: the user's decisions, checked against each other."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from export.errors import SettingsError

Variant = Literal["fp16", "int8"]
Method = Literal["entropy", "percentile", "minmax"]


@dataclass(frozen=True, slots=True)
class PrecisionOptions:
    """See `python -m export precision --help`.

    Args:
        model: the published model's name.
        version: of it; None takes the highest.
        variants: what is added.
        calibrate: folder of pictures that find the ranges of int8's activations.
        held_out: folder of pictures to measure on; None keeps a part of `calibrate` for it.
        method: how the ranges are found.
        keep_first: so many of the first convolutions and dense layers stay in fp32 in int8.
        threshold: share of held-out pictures that must keep fp32's first class.
    """

    model: str
    variants: tuple[Variant, ...]
    version: int | None = None
    calibrate: Path | None = None
    held_out: Path | None = None
    method: Method = "percentile"
    threshold: float = 0.99
    keep_first: int = 0

    def __post_init__(self) -> None:
        """Refuse what cannot be done.

        Raises:
            SettingsError: nothing is asked for, or there are no pictures for it.
        """
        if not self.variants:
            raise SettingsError("which precision? give --fp16, --int8, or both")
        if self.calibrate is None and "int8" in self.variants:
            raise SettingsError(
                "--int8 needs --calibrate FOLDER: a hundred pictures or more like those that the "
                "model will see"
            )
        if self.calibrate is None and self.held_out is None:
            raise SettingsError("give --held-out FOLDER: pictures to measure the agreement on")

    @property
    def needed(self) -> int:
        """Pictures to measure on, at least: so many that one of them may differ."""
        return math.ceil(round(1 / (1 - self.threshold), 6))
