"""Targets: the number J whose dependence on a layer is asked for."""

from dataclasses import dataclass
from typing import Literal

Score = Literal["logit", "probability"]


@dataclass(frozen=True, slots=True)
class ClassTarget:
    """A class of the prediction.

    Args:
        class_ids: one for all pictures, or one for each; None takes each picture's own highest.
        score: `logit` is what enters the network's last softmax or sigmoid, `probability` what
            leaves it.
    """

    class_ids: tuple[int, ...] | None = None
    score: Score = "logit"


@dataclass(frozen=True, slots=True)
class ChannelTarget:
    """A channel of a layer, or a unit of a dense one.

    Args:
        layer: its path.
        channel: index on the last axis.
        position: (y, x) of one neuron; None sums the channel over all positions.
        seed: `one` asks for d(sum of a), `activation` for d(half the sum of squares of a), the
            Deep Visualization Toolbox's own: each position weighs as much as it is active.
    """

    layer: str
    channel: int
    position: tuple[int, int] | None = None
    seed: Literal["one", "activation"] = "one"


Target = ClassTarget | ChannelTarget
