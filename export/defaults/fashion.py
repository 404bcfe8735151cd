"""`fashion`: EfficientNet-Lite0 fine-tuned on a vendored subset of Fashion-MNIST."""

import tempfile
from pathlib import Path

from bundle.repository import Bundle, Repository
from export.defaults.fashion_mnist import CLASS_NAMES, SHEETS
from export.defaults.sheets import unpack_sheets
from export.finetune.run import finetune
from export.finetune.settings import AugmentationSettings, FinetuneSettings

NAME = "fashion"


def build_fashion(repository: Repository, report: Path) -> Bundle:
    """Fine-tune and publish.

    Args:
        report: where the trained model, the curves and the confusion matrix go.

    Raises:
        ExportError, BundleError: see `export.finetune.run.finetune`.
    """
    with tempfile.TemporaryDirectory() as scratch:
        pictures = Path(scratch) / "fashion-mnist"
        unpack_sheets(SHEETS, CLASS_NAMES, pictures)
        return finetune(fashion_settings(pictures, report), repository)


def fashion_settings(pictures: Path, report: Path) -> FinetuneSettings:
    """The run: no augmentation, so that the frozen base sees every picture once."""
    return FinetuneSettings(
        pictures=pictures,
        name=NAME,
        report=report,
        size=(96, 96),
        epochs=30,
        augmentation=AugmentationSettings(False, 0, 0, 0, 0),
        class_names=CLASS_NAMES,
        dataset="a subset of Fashion-MNIST, 2800 pictures",
    )
