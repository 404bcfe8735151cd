import bz2
import gzip
import lzma
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from scoring.errors import InputError
from scoring.sources.tar_headers import MAX_HEADER_BYTES, read_headers
from tests.scoring.sources.archives import add_member, make_tar, patch

MEMBERS = {"a.jpg": b"a" * 700, "b.jpg": b"b" * 512, "c.jpg": b"c"}
"""Headers at 0, 1536 and 2560; the end marker at 3584."""


def names_of(path: Path) -> list[str]:
    with path.open("rb") as file:
        return [member.name for member in read_headers(file, path.name)]


@pytest.mark.parametrize(
    "tar_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]
)
def test_every_format_of_tar_is_read(tmp_path: Path, tar_format: int) -> None:
    names = {f"{'deep/' * 20}ü{number}.jpg": b"x" * 600 for number in range(3)}
    path = make_tar(tmp_path / "a.tar", names, tar_format)
    assert names_of(path) == list(names)


def test_a_member_lies_where_its_header_says(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", {"n" * 300: b"long name", **MEMBERS}, tarfile.PAX_FORMAT)
    data = path.read_bytes()
    with path.open("rb") as file:
        found = {
            member.name: data[member.offset_data : member.offset_data + member.size]
            for member in read_headers(file, "a.tar")
        }
    assert found == {"n" * 300: b"long name", **MEMBERS}


def test_the_caller_may_read_elsewhere_between_two_headers(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", MEMBERS)
    with path.open("rb") as file:
        names: list[str] = []
        for member in read_headers(file, "a.tar"):
            names.append(member.name)
            file.seek(7)
            file.read(100)
    assert names == list(MEMBERS)


def test_an_archive_of_nothing_has_no_members(tmp_path: Path) -> None:
    assert names_of(make_tar(tmp_path / "a.tar", {})) == []


@pytest.mark.parametrize("byte", [0, 150, 300])
def test_a_damaged_header_in_the_middle_is_named_by_its_byte(tmp_path: Path, byte: int) -> None:
    path = patch(make_tar(tmp_path / "a.tar", MEMBERS), [(1536 + byte, b"\xa5")])
    with pytest.raises(
        InputError,
        match=r"^a\.tar is damaged at byte 1,536 \((bad checksum|invalid header)\); fetch",
    ):
        names_of(path)


def test_what_is_no_tar_is_damaged_at_its_first_byte(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(b"not a tar at all" * 100)
    with pytest.raises(InputError, match="damaged at byte 0"):
        names_of(tmp_path / "a.tar")
    (tmp_path / "a.tar").write_bytes(b"")
    with pytest.raises(InputError, match=r"damaged at byte 0 \(empty file\)"):
        names_of(tmp_path / "a.tar")


def test_an_archive_cut_off_in_a_member_says_so(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", MEMBERS)
    path.write_bytes(path.read_bytes()[:2300])
    with pytest.raises(InputError, match=r"cut off at byte 2,300: 'b\.jpg' should end at 2,560"):
        names_of(path)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"damaged at byte 1,536 \(truncated header\)"):
        names_of(path)


def test_an_archive_cut_off_between_members_says_so(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", MEMBERS)
    path.write_bytes(path.read_bytes()[:2560])
    with pytest.raises(InputError, match="it ends at byte 2,560 without an end marker"):
        names_of(path)


def test_archives_joined_end_to_end_are_refused(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", MEMBERS)
    path.write_bytes(path.read_bytes() * 2)
    with pytest.raises(InputError, match="goes on behind its end marker at byte 3,584"):
        names_of(path)


def test_the_padding_of_a_tape_is_no_data(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", MEMBERS)
    path.write_bytes(path.read_bytes() + bytes(1_000_000))
    assert names_of(path) == list(MEMBERS)


@pytest.mark.parametrize(
    ("compress", "command"),
    [
        (gzip.compress, "gunzip"),
        (bz2.compress, "bunzip2"),
        (lzma.compress, "unxz"),
        (lambda _: b"\x28\xb5\x2f\xfd" + bytes(100), "unzstd"),
    ],
)
def test_a_compressed_archive_says_how_to_unpack_it(
    tmp_path: Path, compress: Callable[[bytes], bytes], command: str
) -> None:
    path = make_tar(tmp_path / "a.tar", MEMBERS)
    path.write_bytes(compress(path.read_bytes()))
    with pytest.raises(InputError, match=rf"is compressed with .*\({command}\)"):
        names_of(path)


def test_a_header_that_claims_gigabytes_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        add_member(
            archive, "././@LongLink", b"n" * (MAX_HEADER_BYTES + 1), type=tarfile.GNUTYPE_LONGNAME
        )
        add_member(archive, "a.jpg", b"a")
    with pytest.raises(InputError, match="damaged at byte 0"):
        names_of(path)


def test_a_chain_of_headers_without_an_end_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.GNU_FORMAT) as archive:
        for _ in range(3000):
            add_member(archive, "././@LongLink", b"name\0", type=tarfile.GNUTYPE_LONGNAME)
    with pytest.raises(InputError, match="damaged at byte 0"):
        names_of(path)


def test_a_size_below_zero_is_damage(tmp_path: Path) -> None:
    path = make_tar(tmp_path / "a.tar", MEMBERS)
    with path.open("rb") as file:
        header = bytearray(file.read(512))
    header[124:136] = b"\xff" * 11 + b"\x00"  # two's complement, as GNU tar writes large numbers
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    with pytest.raises(InputError, match=r"damaged at byte 0"):
        names_of(patch(path, [(0, bytes(header))]))
