"""A version appears whole, or not at all."""

import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bundle.errors import PublishError
from bundle.publishing import staging
from bundle.repository import Bundle, Repository

Publisher = Callable[[Path, str], Bundle]


def test_versions_count_up(tmp_path: Path, publish_model: Publisher) -> None:
    assert [publish_model(tmp_path, "colours").manifest.version for _ in range(3)] == [1, 2, 3]


def test_a_new_version_follows_the_highest_not_the_count(
    tmp_path: Path, publish_model: Publisher
) -> None:
    for _ in range(3):
        publish_model(tmp_path, "colours")
    shutil.rmtree(tmp_path / "colours" / "1")
    assert publish_model(tmp_path, "colours").manifest.version == 4


def test_every_user_may_read_a_published_version(tmp_path: Path, publish_model: Publisher) -> None:
    folder = publish_model(tmp_path, "colours").folder
    assert folder.stat().st_mode & 0o777 == 0o755
    for path in folder.iterdir():
        assert path.stat().st_mode & 0o044 == 0o044, path.name


def test_two_publishers_at_once_get_versions_of_their_own(
    tmp_path: Path, publish_model: Publisher
) -> None:
    with ThreadPoolExecutor(8) as pool:
        bundles = list(pool.map(lambda _: publish_model(tmp_path, "colours"), range(16)))
    assert sorted(bundle.manifest.version for bundle in bundles) == list(range(1, 17))
    for version in range(1, 17):
        assert Repository(tmp_path).open("colours", version).manifest.version == version
    assert not list((tmp_path / "colours").glob(".staging-*"))


def test_a_failure_while_staging_leaves_nothing(tmp_path: Path) -> None:
    def stage_half() -> None:
        with staging(Repository(tmp_path / "models"), "colours") as folder:
            (folder / "predict.onnx").write_bytes(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stage_half()
    assert not list((tmp_path / "models").iterdir())


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small disk needs root")
def test_a_disk_that_fills_up_publishes_nothing_and_says_so(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)],
        check=False,
        capture_output=True,
    )
    if mount.returncode:
        pytest.skip("this machine does not let the tests mount a tmpfs")
    try:
        repository = Repository(disk)
        with (
            pytest.raises(PublishError, match=r"disk under .* is full; free some space"),
            staging(repository, "colours") as folder,
        ):
            (folder / "weights.bin").write_bytes(bytes(1 << 20))
        assert repository.names() == []
        assert not list(disk.iterdir())
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_a_root_that_is_not_a_folder_is_one_sentence(tmp_path: Path) -> None:
    root = tmp_path / "a-file"
    root.write_text("not a folder")
    with (
        pytest.raises(PublishError, match="cannot write colours into"),
        staging(Repository(root), "colours"),
    ):
        pass
