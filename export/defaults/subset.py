"""How the vendored subset of Fashion-MNIST was made, to make it again:

    apt-get install dataset-fashion-mnist
    python -m export.defaults.subset /usr/share/datasets/fashion-mnist

It takes the first 280 training pictures of each class. The files are in the IDX format: a magic
number whose fourth byte counts the axes, each axis's length as a big-endian int32, the bytes.
"""

import gzip
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.defaults.fashion_mnist import CLASS_NAMES, SHEETS
from export.defaults.sheets import write_sheet

PICTURES = 280


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array in a gzipped IDX file of bytes."""
    data = gzip.decompress(path.read_bytes())
    axes = data[3]
    shape = np.frombuffer(data, ">i4", count=axes, offset=4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)


def write_subset(dataset: Path, folder: Path) -> None:
    """Write a contact sheet per class into `folder`, from the four files of Fashion-MNIST."""
    pictures = read_idx(dataset / "train-images-idx3-ubyte.gz")
    classes = read_idx(dataset / "train-labels-idx1-ubyte.gz")
    for index, name in enumerate(CLASS_NAMES):
        write_sheet(pictures[classes == index][:PICTURES], folder / f"{name}.png")


if __name__ == "__main__":
    write_subset(Path(sys.argv[1]), SHEETS)
