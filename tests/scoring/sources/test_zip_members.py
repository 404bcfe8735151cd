import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from scoring.sources.zip_members import MemberError, read_member
from tests.scoring.sources.archives import header_offsets, make_streamed_zip, make_zip, patch

MEMBERS = {
    "empty.jpg": b"",
    "words.jpg": b"words and words and words " * 40_000,
    "noise.jpg": zlib.compress(bytes(range(256)) * 2000),
}

Maker = Callable[..., Path]


@pytest.mark.parametrize("make", [make_zip, make_streamed_zip])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read_from_where_they_lie(tmp_path: Path, make: Maker, method: int) -> None:
    path = make(tmp_path / "a.zip", MEMBERS, method)
    with path.open("rb") as file:
        for offset, data in reversed([*zip(header_offsets(path), MEMBERS.values(), strict=True)]):
            assert read_member(file, offset, len(data)) == data


def test_a_member_that_swells_beyond_its_size_is_inflated_no_further(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.jpg": bytes(100_000_000)}, zipfile.ZIP_DEFLATED)
    with path.open("rb") as file, pytest.raises(MemberError, match="swells beyond the 5,000 bytes"):
        read_member(file, 0, 5000)


def damaged(path: Path, offset: int, new: bytes) -> io.BytesIO:
    return io.BytesIO(patch(path, [(offset, new)]).read_bytes())


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("make", [make_zip, make_streamed_zip])
def test_a_flipped_bit_is_found_by_the_checksum(tmp_path: Path, make: Maker, method: int) -> None:
    data = zlib.compress(bytes(range(256)) * 2000)
    path = make(tmp_path / "a.zip", {"a.jpg": data}, method)
    byte = path.read_bytes()[400]
    with pytest.raises(MemberError, match=r"checksum is wrong|data are damaged|cut off|swells"):
        read_member(damaged(path, 400, bytes([byte ^ 1])), 0, len(data))


def test_a_member_that_is_not_there_is_damage(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", MEMBERS)
    with path.open("rb") as file:
        for offset in (1, 10**9):
            with pytest.raises(MemberError, match=f"no member at byte {offset:,}"):
                read_member(file, offset, 10)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("make", [make_zip, make_streamed_zip])
def test_a_member_that_is_cut_off_is_damage(tmp_path: Path, make: Maker, method: int) -> None:
    path = make(tmp_path / "a.zip", {"a.jpg": MEMBERS["words.jpg"]}, method)
    data = path.read_bytes()
    end = data.index(b"PK\x01\x02")
    for size in {40, end // 2, end - 10 if make is make_streamed_zip else end - 20}:
        with pytest.raises(MemberError, match="cut off"):
            read_member(io.BytesIO(data[:size]), 0, len(MEMBERS["words.jpg"]))


def test_another_method_is_damage(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", MEMBERS)
    with pytest.raises(MemberError, match="compressed by method 99"):
        read_member(damaged(path, 8, b"\x63\x00"), 0, 0)
