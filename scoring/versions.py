"""What computes and writes a part: another version may give other bytes."""

import platform
from importlib.metadata import PackageNotFoundError, version

VERSION = "0.1.0"
PACKAGES = (
    "numpy",
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-ep-openvino",
    "pillow",
    "pyarrow",
    "simplejpeg",
)


def versions() -> dict[str, str]:
    """Of Cutaway and of the packages that decide the bytes of a part, as installed here."""
    found = {"cutaway": VERSION, "processor": platform.machine()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # onnxruntime is in one of two packages
            continue
    return found
