"""The networks that are measured, and which of their layers."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bundle.repository import Bundle, Repository

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Subject:
    """A network and three of its layers.

    Args:
        model: the bundle's name.
        keras_name: the function of keras.applications that it is built by, with random weights;
            none for a default model.
        early: a layer behind about a tenth to a third of the work.
        middle, last: one in the middle, and the last block's output.
    """

    model: str
    keras_name: str | None
    early: str
    middle: str
    last: str


SUBJECTS = {
    "resnet50v2": Subject(
        "resnet50v2", "ResNet50V2", "conv2_block2_out", "conv4_block3_out", "conv5_block3_out"
    ),
    "imagenet": Subject(
        "imagenet", None, "block2a_project_bn", "block5a_project_bn", "top_activation"
    ),
    "inceptionv3": Subject("inceptionv3", "InceptionV3", "max_pooling2d", "mixed5", "mixed10"),
}


def open_subject(subject: Subject, models: Path, cache: Path) -> Bundle:
    """The bundle; a network with random weights is exported once, in a process of its own.

    Args:
        subject: one of SUBJECTS.
        models: the folder of the default models.
        cache: a repository for the others.
    """
    if subject.keras_name is None:
        return Repository(models).open(subject.model)
    if subject.model not in Repository(cache).names():
        # TensorFlow would count in this process's memory.
        command = [sys.executable, "-m", "benchmarks.random_networks", subject.model, str(cache)]
        subprocess.run(command, cwd=ROOT, check=True)
    return Repository(cache).open(subject.model)
