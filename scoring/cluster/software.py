"""What the bytes of a part depend on beside the plan and the settings: the same on every node."""

import platform
from importlib.metadata import PackageNotFoundError, version

PACKAGES = (
    "numpy",
    "onnxruntime",
    "onnxruntime-gpu",
    "onnxruntime-ep-openvino",
    "pillow",
    "pyarrow",
    "simplejpeg",
)


def list_software() -> dict[str, str]:
    """What decodes, computes and encodes here: name → version, "" where it is not installed."""
    return {"processor": platform.machine()} | {name: _version(name) for name in PACKAGES}


def first_difference(expected: dict[str, str], found: dict[str, str]) -> str | None:
    """The first thing that differs, in words; None where nothing does."""
    for name, here in expected.items():
        there = found.get(name, "")
        if here != there:
            return f"{name} {there or 'missing'} instead of {here or 'none'}"
    return None


def _version(name: str) -> str:
    """A package's, or ""."""
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
