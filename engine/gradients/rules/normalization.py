"""BatchNormalization as inference has it, and local response normalisation (LRN)."""

import numpy as np
from numpy.typing import NDArray

from engine.errors import UnsupportedOperatorError
from engine.gradients.rules.windows import known_sizes
from engine.gradients.step import Rule, Step


def batch_normalization(step: Step) -> list[str | None]:
    """A factor for each channel: scale / sqrt(variance + epsilon).

    Raises:
        UnsupportedOperatorError: in training mode, or its statistics are computed from the data.
    """
    data, scale, _, _, variance = step.node.input
    if step.attribute("training_mode", 0) or any(step.needs(index) for index in range(1, 5)):
        raise UnsupportedOperatorError(
            f"BatchNormalization {step.node.name!r} takes its statistics from the data; only the "
            "inference form has a gradient rule"
        )
    epsilon = step.constant(step.attribute("epsilon", 1e-5))
    deviation = step.add("Sqrt", step.add("Add", variance, epsilon))
    behind = list(range(1, len(step.shape(data)) - 1))
    factor = step.add("Div", scale, deviation)
    if behind:
        factor = step.add("Unsqueeze", factor, step.constant(behind))
    return [step.add("Mul", step.gradient, factor)]


def local_response_normalization(step: Step) -> list[str | None]:
    """y = x · D^-beta with D = bias + alpha / size · (sum of x² over a band of channels).

    dx = dy · D^-beta - 2 · alpha · beta / size · x · (sum of dy · x · D^(-beta-1) over the channels
    in whose band x lies: the band transposed, which differs where `size` is even).

    Raises:
        GraphError: the number of channels is not known before running.
    """
    data = step.node.input[0]
    size = int(step.attribute("size"))
    alpha, beta = step.attribute("alpha", 1e-4), step.attribute("beta", 0.75)
    share = step.constant(alpha / size)
    band = _band(known_sizes(step, data, first=1)[0], size)
    spatial = (1,) * (len(step.shape(data)) - 2)

    def banded(values: str, matrix: NDArray[np.float64]) -> str:
        kernel = step.constant(matrix.reshape(*matrix.shape, *spatial))
        return step.add("Conv", values, kernel, kernel_shape=list(spatial))

    squares = step.add("Mul", share, banded(step.add("Mul", data, data), band))
    base = step.add("Add", squares, step.constant(step.attribute("bias", 1.0)))
    direct = step.add("Mul", step.gradient, step.add("Pow", base, step.constant(-beta)))
    others = banded(step.add("Div", step.add("Mul", direct, data), base), band.T)
    factor = step.add("Mul", data, step.constant(-2 * beta * alpha / size))
    return [step.add("Add", direct, step.add("Mul", factor, others))]


def _band(channels: int, size: int) -> NDArray[np.float64]:
    """(channels, channels): 1 where the second channel lies in the band of the first."""
    second, first = np.meshgrid(np.arange(channels), np.arange(channels))
    below, above = (size - 1) // 2, size // 2
    return ((second >= first - below) & (second <= first + above)).astype(np.float64)


RULES: dict[str, Rule] = {
    "BatchNormalization": batch_normalization,
    "LRN": local_response_normalization,
}
