"""The model repository: which bundles there are, and opening one."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bundle.digests import sha256_of
from bundle.errors import BundleCorruptError, ModelNotFoundError
from bundle.manifest import Manifest

MANIFEST = "manifest.json"
PREDICT = "predict.onnx"
INSPECT = "inspect.onnx"
WEIGHTS = "weights.bin"
GOLDEN = "golden.npz"
PARITY = "parity.json"


@dataclass(frozen=True, slots=True)
class Bundle:
    """One verified model version: its folder, and what its manifest says."""

    folder: Path
    manifest: Manifest

    def path(self, file: str) -> Path:
        """Where a file that the manifest lists lies."""
        return self.folder / file


@dataclass(frozen=True, slots=True)
class Repository:
    """`root/<name>/<version>/`, one folder a bundle."""

    root: Path

    def names(self) -> list[str]:
        """Models with at least one published version, sorted."""
        if not self.root.is_dir():
            return []
        return sorted(entry.name for entry in self.root.iterdir() if self.versions(entry.name))

    def versions(self, name: str) -> list[int]:
        """Published versions of a model, ascending; empty where there is none."""
        folder = self.root / name
        if name.startswith(".") or not folder.is_dir():
            return []
        return sorted(int(entry.name) for entry in folder.iterdir() if _is_version(entry))

    def open(self, name: str, version: int | None = None) -> Bundle:
        """Open a version (the highest by default) after checking every sha256.

        Raises:
            ModelNotFoundError: no such model or version.
            BundleCorruptError: a file is missing, altered, or not declared.
        """
        versions = self.versions(name)
        if not versions:
            have = ", ".join(self.names()) or "none"
            raise ModelNotFoundError(f"no model {name!r} in {self.root}; there are: {have}")
        if version is None:
            version = versions[-1]
        if version not in versions:
            have = ", ".join(map(str, versions))
            raise ModelNotFoundError(f"model {name!r} has no version {version}; there are: {have}")
        return open_bundle(self.root / name / str(version))


def open_bundle(folder: Path) -> Bundle:
    """Read a bundle's manifest and check its files.

    Raises:
        BundleCorruptError: see `Repository.open`.
    """
    path = folder / MANIFEST
    try:
        manifest = Manifest.model_validate_json(path.read_bytes())
    except FileNotFoundError as error:
        raise BundleCorruptError(f"{folder} has no {MANIFEST}; export the model again") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise BundleCorruptError(f"{path} is not a manifest: {where}: {first['msg']}") from error
    for name, expected in manifest.files.items():
        _check_file(folder / name, expected.sha256)
    return Bundle(folder, manifest)


def _check_file(path: Path, expected: str) -> None:
    """Compare one file with its recorded digest."""
    if not path.is_file():
        raise BundleCorruptError(f"{path} is missing; export the model again")
    found = sha256_of(path)
    if found != expected:
        raise BundleCorruptError(
            f"{path} was altered: expected sha256 {expected[:12]}…, found {found[:12]}…; "
            "export the model again"
        )


def _is_version(entry: Path) -> bool:
    """Whether a folder is a published version: its name is a positive number, no more."""
    return entry.name.isascii() and entry.name.isdigit() and entry.name[0] != "0" and entry.is_dir()
