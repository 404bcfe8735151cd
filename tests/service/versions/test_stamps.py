"""Whether files were changed."""

import os
from pathlib import Path

from service.versions.stamps import stamp


def test_what_is_not_there_has_an_empty_stamp(tmp_path: Path) -> None:
    assert stamp(tmp_path / "missing") == ()
    assert stamp(tmp_path) == ()


def test_a_stamp_changes_with_any_file_and_only_then(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    (tmp_path / "b").write_text("two")
    stamps = [stamp(tmp_path)]
    assert stamp(tmp_path) == stamps[0]
    (tmp_path / "b").write_text("three")
    stamps.append(stamp(tmp_path))
    os.utime(tmp_path / "a", ns=(1, 1))
    stamps.append(stamp(tmp_path))
    (tmp_path / "c").write_text("four")
    stamps.append(stamp(tmp_path))
    (tmp_path / "new").write_text("one")
    (tmp_path / "new").replace(tmp_path / "a")
    os.utime(tmp_path / "a", ns=(1, 1))
    stamps.append(stamp(tmp_path))
    assert len(set(stamps)) == len(stamps)


def test_a_file_s_stamp_is_its_own(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("one")
    assert stamp(tmp_path / "a") == stamp(tmp_path)
