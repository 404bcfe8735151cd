"""Training: what moves, and what must not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from export.finetune.datasets import class_weights, open_datasets
from export.finetune.network import build_network
from export.finetune.pictures import find_pictures
from export.finetune.schedule import CURVES, History, train
from export.finetune.settings import AugmentationSettings, FinetuneSettings
from export.finetune.split import split_pictures
from export.zoo.bases import Base

Maker = Callable[..., Path]
Configure = Callable[..., FinetuneSettings]
Run = Callable[..., tuple[Any, Any, History, dict[str, list[np.ndarray]]]]


@pytest.fixture
def run(make_pictures: Maker, configure: Configure, small_base: Base, tmp_path: Path) -> Run:
    """Trains: (settings) → network, base, history, the base's weights before."""

    def run(**given: Any) -> tuple[Any, Any, History, dict[str, list[np.ndarray]]]:
        settings = configure(**given)
        split = split_pictures(find_pictures(make_pictures()), holdout=0.2, validation=0.15, seed=1)
        base = small_base.build((32, 48), "none")
        network = build_network(base, small_base, 2, settings)
        before = {layer.name: layer.get_weights() for layer in base.layers}
        datasets = open_datasets(split, (32, 48), settings, tmp_path / "links")
        history = train(network, base, datasets, class_weights(split), settings)
        return network, base, history, before

    return run


def changed(base: Any, before: dict[str, list[np.ndarray]]) -> set[str]:
    """Names of the layers with a weight that moved."""
    return {
        layer.name
        for layer in base.layers
        for one, other in zip(layer.get_weights(), before[layer.name], strict=True)
        if not np.array_equal(one, other)
    }


@pytest.mark.parametrize("augmentation", [AugmentationSettings(), None], ids=["augmented", "plain"])
def test_the_first_stage_trains_the_head_alone(
    run: Run, augmentation: AugmentationSettings | None
) -> None:
    given = {} if augmentation is None else {"augmentation": augmentation}
    network, base, history, before = run(**given)
    assert changed(base, before) == set()
    assert history.head_epochs == history.epochs == 2
    assert np.abs(network.get_layer("predictions").get_weights()[1]).max() > 0


def test_the_second_stage_moves_the_last_blocks_and_no_batch_norm_statistics(run: Run) -> None:
    _, base, history, before = run(unfreeze_last=2, finetune_rate=0.01)
    assert changed(base, before) == {"block2_conv", "block3_conv"}
    assert (history.head_epochs, history.epochs) == (2, 3)


def test_features_computed_once_train_the_same_head_as_the_whole_network_would(run: Run) -> None:
    network, _, history, _ = run(epochs=12, learning_rate=0.1)
    assert list(history.curves) == list(CURVES)
    assert all(len(values) == history.epochs for values in history.curves.values())
    assert history.curves["val_accuracy"][-1] == 1
    red, blue = np.zeros((2, 1, 32, 48, 3), np.float32)
    red[..., 0] = blue[..., 2] = 200
    assert network.predict(np.concatenate([blue, red]), verbose=0).argmax(axis=1).tolist() == [0, 1]


def test_training_stops_when_the_validation_loss_no_longer_falls(run: Run) -> None:
    _, _, history, _ = run(epochs=60, learning_rate=3.0)
    assert history.epochs < 60
