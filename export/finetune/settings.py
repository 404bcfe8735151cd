"""What a fine-tuning run is told."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from export.errors import SettingsError

_MOST = 0.8  # at least a fifth of the pictures is left to learn from

Resize = Literal["stretch", "crop", "pad"]


@dataclass(frozen=True, slots=True)
class AugmentationSettings:
    """How far each random change goes; 0 or False leaves it away.

    Args:
        flip: mirror left and right, half of the time.
        rotation: of a full turn, either way.
        translation: of the height and of the width, either way.
        brightness: of the range 0-1, either way.
        contrast: of the contrast, either way.
    """

    flip: bool = True
    rotation: float = 0.05
    translation: float = 0.1
    brightness: float = 0.1
    contrast: float = 0.1

    def __post_init__(self) -> None:
        """Refuse what Keras's layers do not take (SettingsError)."""
        for name in ("rotation", "translation", "brightness", "contrast"):
            value = getattr(self, name)
            if not 0 <= value < 1:
                raise SettingsError(f"--{name} is a share from 0 to below 1, received {value}")

    @property
    def is_off(self) -> bool:
        """Whether training sees the pictures as they are."""
        shares = (self.rotation, self.translation, self.brightness, self.contrast)
        return not self.flip and not any(shares)


@dataclass(frozen=True, slots=True)
class FinetuneSettings:
    """One run; `python -m export finetune --help` says the same.

    Args:
        pictures: a folder with one folder of pictures per class.
        name: the published model's name.
        base, weights: see `export.zoo.bases`; weights is `imagenet`, `none` or a file.
        report: where the trained model, the curves and the confusion matrix go.
        size: (height, width) of the network's input in pixels; None takes the base's own.
        resize: what happens to the aspect ratio, as image_dataset_from_directory does it.
        holdout: share of every class that training never sees; the accuracy is measured on it.
        validation: share of every class that early stopping watches.
        epochs, learning_rate: at most, for the head on the frozen base.
        unfreeze_last: blocks of the base that are trained after the head; 0: none.
        finetune_epochs, finetune_rate: the same for those blocks.
        class_names: folders in the order of the classes; None sorts them by name.
        dataset: what the manifest calls the pictures; None takes the folder's name.
    """

    pictures: Path
    name: str
    report: Path
    base: str = "efficientnet-lite0"
    weights: str = "imagenet"
    size: tuple[int, int] | None = None
    resize: Resize = "stretch"
    holdout: float = 0.2
    validation: float = 0.15
    epochs: int = 20
    learning_rate: float = 1e-3
    unfreeze_last: int = 0
    finetune_epochs: int = 10
    finetune_rate: float = 1e-4
    batch_size: int = 32
    dropout: float = 0.2
    seed: int = 1
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)
    class_names: tuple[str, ...] | None = None
    dataset: str | None = None

    def __post_init__(self) -> None:
        """Refuse shares that leave nothing to train on (SettingsError)."""
        together = self.holdout + self.validation
        if min(self.holdout, self.validation) <= 0 or together > _MOST:
            raise SettingsError(
                f"--holdout {self.holdout} and --validation {self.validation}: both must be above "
                f"0, and at most {_MOST} together"
            )
