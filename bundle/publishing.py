"""Publishing: a version appears whole, or not at all.

The files are written into `models/<name>/.staging-<id>/`, flushed to the disk, and the folder is
renamed to the next version number. A crash or a full disk leaves at most a staging folder, which
nobody serves.
"""

import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

from bundle.digests import describe
from bundle.errors import PublishError
from bundle.manifest import File, Manifest
from bundle.repository import MANIFEST, Bundle, Repository

ManifestBuilder = Callable[[int, dict[str, File]], Manifest]
"""Makes the manifest from the version number and the described files."""


@contextmanager
def staging(repository: Repository, name: str) -> Generator[Path]:
    """An empty folder to write a new version of `name` into; gone afterwards unless published.

    Raises:
        PublishError: the repository cannot be written to, or the disk is full.
    """
    model = repository.root / name
    folder: Path | None = None
    try:
        model.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=".staging-", dir=model))
        folder.chmod(0o755)  # a container's user reads it; mkdtemp gives 0700
        yield folder
    except OSError as error:
        raise PublishError(_explain(repository, name, error)) from error
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)
        if model.is_dir() and not any(model.iterdir()):
            model.rmdir()


def publish(repository: Repository, folder: Path, build_manifest: ManifestBuilder) -> Bundle:
    """Make a staged folder the next version of its model, in one rename.

    Two publishers at once get two versions: a rename onto an existing version fails and the next
    number is tried.

    Raises:
        OSError: the disk is full or not writable; `staging` turns it into PublishError.
    """
    model = folder.parent
    files = {
        path.name: describe(path) for path in sorted(folder.iterdir()) if path.name != MANIFEST
    }
    for name in files:
        (folder / name).chmod(0o644)  # ONNX writes its weights 0600; a container's user reads them
        _flush(folder / name)
    while True:
        version = max(repository.versions(model.name), default=0) + 1
        manifest = build_manifest(version, files)
        path = folder / MANIFEST
        path.write_text(manifest.model_dump_json(indent=1) + "\n", encoding="utf-8")
        _flush(path)
        _flush(folder)
        target = model / str(version)
        try:
            folder.rename(target)
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):
                continue
            raise
        _flush(model)
        return Bundle(target, manifest)


def _flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _explain(repository: Repository, name: str, error: OSError) -> str:
    """One sentence for a person."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk under {repository.root} is full; free some space and export {name} again"
    return f"cannot write {name} into {repository.root}: {error.strerror or error}"
