"""Targets as the query writes them."""

from collections.abc import Callable

import pytest

from bundle.manifest import Manifest
from bundle.repository import Bundle
from engine.errors import ChannelNotFoundError, LayerNotFoundError
from engine.targets import ChannelTarget, ClassTarget, Target
from service.errors import InvalidTargetError
from service.targets import read_target, target_text

ODD_PATH = "block:1/conv/out"
Reader = Callable[..., Target]


@pytest.fixture
def manifest(colours: Bundle) -> Manifest:
    """The colour model with a layer whose path has every separator, and labels that meet twice."""
    [spatial, dense] = colours.manifest.layers
    odd = spatial.model_copy(update={"path": ODD_PATH, "shape": (4, 6, 3)})
    labels = ("Red", "crane", "Teal", "blue", "crane", "teal")
    return colours.manifest.model_copy(update={"layers": (spatial, odd, dense), "labels": labels})


@pytest.fixture
def read(manifest: Manifest) -> Reader:
    return lambda text, **options: read_target(text, manifest, **options)


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("top1", ClassTarget()),
        ("class:3", ClassTarget((3,))),
        ("3", ClassTarget((3,))),
        ("label:blue", ClassTarget((3,))),
        ("label:red", ClassTarget((0,))),
        ("label:Teal", ClassTarget((2,))),
        ("label:teal", ClassTarget((5,))),
        (f"channel:{ODD_PATH}:2", ChannelTarget(ODD_PATH, 2)),
        ("channel:pool:1", ChannelTarget("pool", 1)),
        (f"neuron:{ODD_PATH}:3:5:0", ChannelTarget(ODD_PATH, 0, (3, 5))),
    ],
)
def test_every_form_is_read(read: Reader, text: str, target: Target) -> None:
    assert read(text) == target


def test_a_class_takes_a_score_and_a_channel_takes_a_seed(read: Reader) -> None:
    assert read("top1", score="probability") == ClassTarget(score="probability")
    target = ChannelTarget("rescaling", 1, seed="activation")
    assert read("channel:rescaling:1", seed="activation") == target


@pytest.mark.parametrize(
    ("text", "options"),
    [("channel:pool:1", {"score": "logit"}), ("class:1", {"seed": "one"})],
)
def test_a_score_of_a_channel_and_a_seed_of_a_class_are_refused(
    read: Reader, text: str, options: dict[str, str]
) -> None:
    with pytest.raises(InvalidTargetError, match="leave it out"):
        read(text, **options)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "top2",
        "class:",
        "class:-1",
        "class:1.0",
        "class:²",
        "class:" + "9" * 400,
        "label:",
        "channel:pool",
        "channel::1",
        "channel:pool:x",
        "neuron:pool:1",
        "neuron::1:2:3",
        "red",
    ],
)
def test_another_form_is_refused_and_says_which_there_are(read: Reader, text: str) -> None:
    with pytest.raises(InvalidTargetError, match="expected a target") as caught:
        read(text)
    assert len(str(caught.value)) < 250


def test_an_unknown_class_says_which_there_are(read: Reader) -> None:
    with pytest.raises(InvalidTargetError, match="from 0 to 5, received 6"):
        read("class:6")


def test_an_unknown_label_names_the_nearest(read: Reader) -> None:
    with pytest.raises(InvalidTargetError, match="nearest: blue") as caught:
        read("label:bleu")
    nearest = caught.value.details["nearest"]
    assert isinstance(nearest, list)
    assert nearest[0] == "blue"


def test_a_label_of_two_classes_names_both(read: Reader) -> None:
    with pytest.raises(InvalidTargetError, match="ask one of class:1, class:4"):
        read("label:crane")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("channel:pool:3", "no unit 3; expected 0 to 2"),
        ("neuron:pool:0:0:1", "has no positions"),
        (f"neuron:{ODD_PATH}:4:0:1", r"no position \(4, 0\)"),
        (f"neuron:{ODD_PATH}:0:6:1", r"no position \(0, 6\)"),
    ],
)
def test_a_channel_or_position_beyond_the_layer_is_refused(
    read: Reader, text: str, says: str
) -> None:
    with pytest.raises(ChannelNotFoundError, match=says):
        read(text)


def test_an_unknown_layer_is_the_layers_own_error(read: Reader) -> None:
    with pytest.raises(LayerNotFoundError):
        read("channel:block:1/conv:0")


def test_a_network_of_bare_logits_has_no_probability(manifest: Manifest) -> None:
    bare = manifest.model_copy(
        update={"output": manifest.output.model_copy(update={"activation": "none"})}
    )
    with pytest.raises(InvalidTargetError, match="ask score=logit"):
        read_target("top1", bare, score="probability")


@pytest.mark.parametrize("text", ["class:3", f"channel:{ODD_PATH}:2", f"neuron:{ODD_PATH}:3:5:0"])
def test_a_target_is_written_as_it_is_read(read: Reader, text: str) -> None:
    assert target_text(read(text)) == text


def test_each_pictures_own_best_class_is_top1() -> None:
    assert target_text(ClassTarget()) == "top1"
    assert target_text(ClassTarget((1, 2))) == "top1"
