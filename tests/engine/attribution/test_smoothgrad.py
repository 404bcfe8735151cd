"""SmoothGrad: the mean gradient over noisy copies."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.attribution.gradient import gradient
from engine.attribution.smoothgrad import smoothgrad
from engine.targets import ChannelTarget, ClassTarget
from tests.engine.attribution.toys import HEIGHT, WIDTH, Toy


def test_on_a_linear_network_it_is_the_gradient(linear: Toy, pictures: NDArray[np.uint8]) -> None:
    target = ClassTarget((2, 1, 0))
    found = smoothgrad(linear.inspector, pictures, target, samples=5)
    expected = gradient(linear.inspector, pictures, target)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_without_noise_it_is_the_gradient(flat: Toy, pictures: NDArray[np.uint8]) -> None:
    found = smoothgrad(flat.inspector, pictures, ClassTarget(), samples=3, noise=0)
    expected = gradient(flat.inspector, pictures, ClassTarget())
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-8)


def test_the_seed_decides(flat: Toy, pictures: NDArray[np.uint8]) -> None:
    first, again, other = (
        smoothgrad(flat.inspector, pictures, ClassTarget(), samples=4, seed=seed)
        for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0


def test_neither_neighbours_nor_the_size_of_a_run_change_a_map(
    flat: Toy, pictures: NDArray[np.uint8]
) -> None:
    together = smoothgrad(flat.inspector, pictures, ClassTarget((0, 1, 2)), samples=5, batch=4)
    alone = smoothgrad(flat.inspector, pictures[1:2], ClassTarget((1,)), samples=5, batch=5)
    assert together.shape == (3, HEIGHT, WIDTH, 3)
    np.testing.assert_allclose(together[1:2], alone, rtol=1e-4, atol=1e-8)


def test_noise_is_a_share_of_the_pictures_own_range(
    signs: Toy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fractions of a level, above 255 and below 0: nothing is rounded or clipped."""
    seen: list[NDArray[np.float32]] = []
    inspect = signs.inspector.sensitivity

    def watched(pixels: NDArray[np.float32], *rest: object, **more: object) -> object:
        seen.append(pixels)
        return inspect(pixels, *rest, **more)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(signs.inspector, "sensitivity", watched)
    pictures = np.array([[0, 255, 255, 0], [10, 10, 12, 10]], np.uint8).reshape(2, 1, 4, 1)
    smoothgrad(signs.inspector, pictures, ClassTarget((0,)), samples=400, noise=0.2, batch=100)
    copies = np.concatenate(seen).reshape(2, 400, 4)
    assert copies.dtype == np.float32
    np.testing.assert_allclose(copies.std(axis=(1,), ddof=1).mean(axis=1), [51, 0.4], rtol=0.05)
    np.testing.assert_allclose(copies.mean(axis=1), pictures.reshape(2, 4), atol=8)
    assert copies.min() < 0
    assert copies.max() > 255


def test_the_class_stays_that_of_the_clean_picture(signs: Toy) -> None:
    """Noise this strong changes the highest class of many copies."""
    picture = np.array([104, 101, 100, 100], np.uint8).reshape(1, 1, 4, 1)
    highest = int(signs.inspector.predict(picture).argmax())
    found = smoothgrad(signs.inspector, picture, ClassTarget(), samples=30, noise=20)
    named = smoothgrad(signs.inspector, picture, ClassTarget((highest,)), samples=30, noise=20)
    np.testing.assert_array_equal(found, named)


def test_progress_counts_the_copies(flat: Toy, pictures: NDArray[np.uint8]) -> None:
    heard: list[tuple[int, int]] = []
    smoothgrad(
        flat.inspector,
        pictures,
        ClassTarget(),
        samples=5,
        batch=6,
        progress=lambda done, total: heard.append((done, total)),
    )
    assert heard == [(6, 15), (12, 15), (15, 15)]


def test_progress_may_stop_the_work(flat: Toy, pictures: NDArray[np.uint8]) -> None:
    def stop(done: int, total: int) -> None:
        raise TimeoutError(f"{done} of {total}")

    with pytest.raises(TimeoutError, match="8 of 150"):
        smoothgrad(flat.inspector, pictures, ClassTarget(), progress=stop)


def test_a_channel_can_be_the_target(pooled: Toy, pictures: NDArray[np.uint8]) -> None:
    target = ChannelTarget("conv_relu", 2, seed="activation")
    found = smoothgrad(pooled.inspector, pictures, target, samples=3, noise=0)
    expected = gradient(pooled.inspector, pictures, target)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-7)
