"""Rank correlation and structural similarity."""

import numpy as np
import pytest

from engine.attribution.similarity import spearman, ssim

MAP = np.random.default_rng(4).normal(size=(12, 20)).astype(np.float32)


def test_a_map_is_like_itself() -> None:
    assert spearman(MAP, MAP) == pytest.approx(1)
    assert ssim(MAP, MAP) == pytest.approx(1)


def test_ranks_see_neither_scale_nor_bend() -> None:
    assert spearman(MAP, np.exp(3 * MAP)) == pytest.approx(1)
    assert spearman(MAP, -MAP) == pytest.approx(-1)


def test_ties_share_their_mean_rank() -> None:
    """Ranks 1 2½ 2½ 4 against 1 2 3 4: 4½ / √(4½ · 5)."""
    first, second = np.array([1, 2, 2, 3], np.float32), np.array([1, 2, 3, 4], np.float32)
    assert spearman(first, second) == pytest.approx(4.5 / np.sqrt(4.5 * 5))


def test_unrelated_maps_are_not_alike() -> None:
    other = np.random.default_rng(5).normal(size=MAP.shape).astype(np.float32)
    assert abs(spearman(MAP, other)) < 0.15
    assert abs(ssim(MAP, other)) < 0.35


def test_structural_similarity_falls_with_noise_and_not_with_scale() -> None:
    noise = np.random.default_rng(6).normal(size=MAP.shape).astype(np.float32)
    little, much = (ssim(MAP, np.asarray(MAP + share * noise, np.float32)) for share in (0.2, 1))
    assert 1 > little > much > ssim(MAP, noise)
    assert ssim(MAP, 40 * MAP - 7) == pytest.approx(1, abs=1e-4)


def test_structural_similarity_by_hand() -> None:
    """Two maps of two even halves, so wide that the middle of each half sees nothing else."""
    first = np.zeros((40, 80), np.float32)
    first[:, 40:] = 1
    found = ssim(first, 1 - first)
    dark = 0.01**2 / (1 + 0.01**2)  # (2 · 0 · 1 + c) / (0² + 1² + c), structure 1 of even parts
    assert found == pytest.approx(dark, abs=0.1)
    assert found < 0.01


@pytest.mark.parametrize(
    "dead", [np.zeros_like(MAP), np.full_like(MAP, np.nan), np.where(MAP > 0, np.inf, MAP)]
)
def test_a_dead_map_is_like_nothing(dead: np.ndarray) -> None:
    for measure in (spearman, ssim):
        assert measure(MAP, dead) == 0
        assert measure(dead, MAP) == 0
        assert measure(dead, dead) == 0
