"""Score-CAM: a channel weighs as much as the picture seen through it still says."""

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.attribution.maps import upsample
from engine.attribution.score_cam import score_cam
from engine.errors import MethodError
from engine.targets import ChannelTarget, ClassTarget
from tests.engine.attribution.spots import HEAD, colour_toy
from tests.engine.attribution.toys import Toy

Pictures = NDArray[np.uint8]


@pytest.fixture(scope="module")
def colours(tmp_path_factory: pytest.TempPathFactory) -> Toy:
    """A layer of red, green, and one channel that is 0.5 everywhere."""
    return colour_toy(tmp_path_factory.mktemp("colours"))


@pytest.fixture
def red_and_green() -> Pictures:
    """Black, (1, 12, 20, 3), a red spot at the left and a green one at the lower right."""
    pixels = np.zeros((1, 12, 20, 3), np.uint8)
    pixels[0, 2:5, 1:6, 0] = 250
    pixels[0, 8:11, 14:19, 1] = 240
    return pixels


def shares(*increases: float) -> NDArray[np.float64]:
    powers = np.exp(np.array(increases, np.float64))
    return powers / powers.sum()


def test_a_constant_channel_weighs_as_much_as_the_baseline(
    colours: Toy, red_and_green: Pictures
) -> None:
    # through the red channel class 0 sees the red spot, through the other two only black
    red = HEAD[0, 0] * red_and_green[..., 0].mean() / 255
    weights = shares(red, 0, 0)
    activation = colours.inspector.activations(red_and_green, ["colours"])["colours"]
    found = score_cam(colours.inspector, red_and_green, ClassTarget((0,)))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found, activation @ weights, rtol=1e-4)


def test_the_class_finds_its_own_colour(colours: Toy, red_and_green: Pictures) -> None:
    both = np.repeat(red_and_green, 2, axis=0)
    red, green = score_cam(colours.inspector, both, ClassTarget((0, 1)))
    assert red[3, 3] > red[9, 16]
    assert green[9, 16] > green[3, 3]


@pytest.mark.parametrize("score", ["logit", "probability"])
def test_it_is_the_papers_formula_at_the_pictures_resolution(
    pooled: Toy, pictures: Pictures, score: str
) -> None:
    target = ClassTarget((1, 0, 3), "logit" if score == "logit" else "probability")
    found = score_cam(pooled.inspector, pictures, target, batch=3)
    assert found.shape == (3, 12, 20)
    assert found.dtype == np.float32
    activations = pooled.inspector.activations(pictures, ["conv_relu"])["conv_relu"]
    for row, class_id in enumerate((1, 0, 3)):
        one = ClassTarget((class_id,), target.score)
        masks = upsample(np.moveaxis(activations[row], -1, 0), 12, 20)
        scores = []
        for mask in masks:
            scaled = (mask - mask.min()) / (np.ptp(mask) or 1)
            seen = (scaled[..., None] * pictures[row]).astype(np.float32)
            scores.append(float(pooled.inspector.scores(seen[None], one)[0]))
        expected = np.tensordot(shares(*scores), masks, 1).clip(0)
        np.testing.assert_allclose(found[row], expected, rtol=1e-3, atol=1e-6)


def test_only_the_channels_that_vary_most_are_run_when_asked(
    colours: Toy, red_and_green: Pictures
) -> None:
    calls: list[tuple[int, int]] = []
    found = score_cam(
        colours.inspector,
        red_and_green,
        ClassTarget((0,)),
        channels=2,
        progress=lambda *call: calls.append(call),
    )
    assert calls == [(2, 2)]
    activation = colours.inspector.activations(red_and_green, ["colours"])["colours"]
    weights = shares(HEAD[0, 0] * red_and_green[..., 0].mean() / 255, 0)
    np.testing.assert_allclose(found, activation[..., :2] @ weights, rtol=1e-4, atol=1e-7)


def test_more_channels_than_there_are_means_all(pooled: Toy, pictures: Pictures) -> None:
    np.testing.assert_array_equal(
        score_cam(pooled.inspector, pictures, ClassTarget((1,)), channels=99),
        score_cam(pooled.inspector, pictures, ClassTarget((1,))),
    )


def test_the_background_is_the_baseline_that_was_asked_for(pooled: Toy, pictures: Pictures) -> None:
    maps = [
        score_cam(pooled.inspector, pictures, ClassTarget((1,)), baseline=name)
        for name in ("black", "grey", "white", "blurred")
    ]
    for index, first in enumerate(maps):
        assert not any(np.array_equal(first, second) for second in maps[index + 1 :])


def test_progress_counts_pictures_and_may_stop_the_work(pooled: Toy, pictures: Pictures) -> None:
    calls: list[tuple[int, int]] = []
    score_cam(
        pooled.inspector,
        pictures[:2],
        ClassTarget(),
        batch=3,
        progress=lambda *call: calls.append(call),
    )
    assert calls == [(3, 10), (5, 10), (8, 10), (10, 10)]

    def stop(*_: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        score_cam(pooled.inspector, pictures, ClassTarget(), progress=stop)


def test_a_channel_target_needs_a_layer_before_it(pooled: Toy, pictures: Pictures) -> None:
    target = ChannelTarget("conv_relu", 1)
    found = score_cam(pooled.inspector, pictures, target, layer="rescaling")
    assert found.shape == (3, 12, 20)
    with pytest.raises(MethodError):
        score_cam(pooled.inspector, pictures, target, layer="conv_relu")


def test_a_negative_number_of_channels_is_refused(pooled: Toy, pictures: Pictures) -> None:
    with pytest.raises(MethodError, match="received -1"):
        score_cam(pooled.inspector, pictures, ClassTarget(), channels=-1)
