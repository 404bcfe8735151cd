"""Targets for runs that mix pictures."""

from engine.attribution.variants import select
from engine.targets import ChannelTarget, ClassTarget


def test_each_row_of_a_run_keeps_its_pictures_class() -> None:
    target = ClassTarget((7, 3, 5), score="probability")
    assert select(target, [0, 0, 2, 1]) == ClassTarget((7, 7, 5, 3), score="probability")


def test_a_channel_is_the_same_for_every_row() -> None:
    target = ChannelTarget("conv", 3, position=(1, 2))
    assert select(target, [0, 1, 1]) is target
