"""A subset of Fashion-MNIST: one contact sheet a class, see NOTICE.md."""

from pathlib import Path

SHEETS = Path(__file__).parent
CLASS_NAMES = (
    "t-shirt or top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)
"""In Fashion-MNIST's own order, so that class 8 is a bag here as everywhere."""
