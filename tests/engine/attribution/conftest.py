"""Toy networks, saved once (nothing ever writes to them), and pictures for them."""

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.engine.attribution.toys import (
    HEIGHT,
    WIDTH,
    Toy,
    flat_toy,
    linear_toy,
    pooled_toy,
    sign_toy,
)


@pytest.fixture(scope="session")
def linear(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """Logits = levels · kernel."""
    return linear_toy(tmp_path_factory.mktemp("linear"))


@pytest.fixture(scope="session")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """One ReLU, all four pairs of signs of activation and gradient."""
    return sign_toy(tmp_path_factory.mktemp("signs"))


@pytest.fixture(scope="session")
def pooled(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """Conv, ReLU, global average pooling, dense."""
    return pooled_toy(tmp_path_factory.mktemp("pooled"))


@pytest.fixture(scope="session")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """Conv, ReLU, flatten, dense."""
    return flat_toy(tmp_path_factory.mktemp("flat"))


@pytest.fixture
def pictures() -> NDArray[np.uint8]:
    """uint8 (3, 12, 20, 3): seeded noise, brighter from picture to picture."""
    noise = np.random.default_rng(11).integers(0, 100, (3, HEIGHT, WIDTH, 3), dtype=np.uint8)
    return noise + np.array([0, 70, 150], np.uint8)[:, None, None, None]
