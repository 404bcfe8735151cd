"""A full disk in the middle of publishing: one error, and no half-written version."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import pytest

from bundle.errors import PublishError
from bundle.repository import Bundle, Repository

Builder = Callable[..., keras.Model]
Exporter = Callable[..., Bundle]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB, mounted for the test."""
    folder = tmp_path / "models"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only root may mount a small file system")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def large_model() -> keras.Model:
    picture = keras.Input((26, 38, 3))
    x = keras.layers.Conv2D(64, 5, name="conv")(picture)
    x = keras.layers.Conv2D(32, 3)(x)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(picture, keras.layers.Dense(4, activation="softmax")(x))


def test_a_disk_that_fills_up_leaves_no_version(
    tiny_disk: Path, repository: Repository, export: Exporter
) -> None:
    with pytest.raises(PublishError, match="is full; free some space and export small again"):
        export(large_model())
    assert repository.root == tiny_disk
    assert repository.names() == []
    assert list(tiny_disk.iterdir()) == []


def test_a_version_before_survives_a_disk_that_fills_up(
    tiny_disk: Path, repository: Repository, export: Exporter, build: Builder,
    photos: tuple[Path, ...],
) -> None:  # fmt: skip
    del tiny_disk
    first = export(build(), samples=photos[:1])
    with pytest.raises(PublishError, match="is full"):
        export(large_model())
    assert repository.open("small") == first


def test_files_can_be_read_by_the_container_s_user(export: Exporter, build: Builder) -> None:
    bundle = export(build())
    for path in bundle.folder.iterdir():
        assert path.stat().st_mode & 0o044 == 0o044, path.name
