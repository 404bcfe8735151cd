"""The parts as datasets, read by keras.utils.image_dataset_from_directory itself."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from sklearn.utils.class_weight import compute_class_weight

from export.errors import ExportError
from export.finetune.pictures import PictureFolder
from export.finetune.settings import FinetuneSettings
from export.finetune.split import Split, link_folder

CACHE_BYTES = 2 * 1024**3
"""Decoded pictures up to this size stay in memory; larger sets are decoded again every epoch."""

_UNBATCHED: Any = None  # Keras takes None; its annotation does not say so
_NAMED = 5  # unreadable pictures that a message names

_ASPECT = {
    "stretch": {},
    "crop": {"crop_to_aspect_ratio": True},
    "pad": {"pad_to_aspect_ratio": True},
}


@dataclass(frozen=True, slots=True)
class Datasets:
    """Batches of levels, float32 (batch, height, width, 3), RGB 0-255, and classes, (batch,)."""

    train: tf.data.Dataset
    validation: tf.data.Dataset
    holdout: tf.data.Dataset


def check_readable(folder: PictureFolder) -> None:
    """Decode every picture once, as training will.

    Raises:
        ExportError: TensorFlow cannot read some; the message names them.
    """
    paths = [path for files in folder.files.values() for path in files]
    with ThreadPoolExecutor() as pool:
        bad = [
            path
            for path, fine in zip(paths, pool.map(_is_readable, paths), strict=True)
            if not fine
        ]
    if bad:
        named = ", ".join(str(path.relative_to(folder.root)) for path in bad[:_NAMED])
        more = f" and {len(bad) - _NAMED} more" if len(bad) > _NAMED else ""
        raise ExportError(
            f"{len(bad)} of {len(paths)} pictures in {folder.root} cannot be decoded: "
            f"{named}{more}; remove them, or save them again as JPEG or PNG"
        )


def _is_readable(path: Path) -> bool:
    """Whether TensorFlow decodes the file to a picture."""
    try:
        tf.io.decode_image(tf.io.read_file(str(path)), channels=3, expand_animations=False)
    except tf.errors.InvalidArgumentError:
        return False
    return True


def open_datasets(
    split: Split, size: tuple[int, int], settings: FinetuneSettings, links: Path
) -> Datasets:
    """The three parts; only the training part is shuffled.

    Args:
        links: an empty folder for links to the pictures; it must live as long as the datasets.
    """
    return Datasets(
        _open(split.train, size, settings, links / "train", shuffled=True),
        _open(split.validation, size, settings, links / "validation"),
        _open(split.holdout, size, settings, links / "holdout"),
    )


def _open(
    files: dict[str, tuple[Path, ...]],
    size: tuple[int, int],
    settings: FinetuneSettings,
    folder: Path,
    *,
    shuffled: bool = False,
) -> tf.data.Dataset:
    """One part. A cached one is shuffled after the cache, or every epoch would see one order."""
    count = sum(map(len, files.values()))
    cached = count * size[0] * size[1] * 3 * 4 <= CACHE_BYTES
    dataset: Any = keras.utils.image_dataset_from_directory(
        str(link_folder(files, folder)),
        class_names=list(files),
        image_size=size,
        batch_size=_UNBATCHED,
        shuffle=shuffled and not cached,
        seed=settings.seed,
        verbose=False,
        **_ASPECT[settings.resize],
    )
    if cached:
        dataset = dataset.cache()
        if shuffled:
            dataset = dataset.shuffle(count, seed=settings.seed)
    return dataset.batch(settings.batch_size).prefetch(tf.data.AUTOTUNE)


def class_weights(split: Split) -> dict[int, float]:
    """Weight of each class in the loss: rare ones count more, all 1 where the set is balanced."""
    counts = [len(files) for files in split.train.values()]
    labels = np.repeat(np.arange(len(counts)), counts)
    weights = compute_class_weight("balanced", classes=np.unique(labels), y=labels)
    return {index: float(weight) for index, weight in enumerate(weights)}


def labels_of(dataset: tf.data.Dataset) -> NDArray[np.int32]:
    """The classes of an unshuffled dataset, (pictures,)."""
    return np.concatenate([np.asarray(labels) for _, labels in dataset])
