"""An input that cannot be used as a whole: one sentence, an exit code, and no output is begun.

What goes wrong with single pictures is in test_broken_pictures.
"""

import subprocess
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.scoring.buckets import Bucket
from tests.scoring.conftest import Scoring
from tests.scoring.containers import write_folder, write_parquet, write_tar
from tests.scoring.pictures import make_picture, picture_name
from tests.scoring.refusals import COLOURS, UNPRIVILEGED, check_nothing, check_refused

Refused = Callable[..., str]
FILES = {picture_name(index): make_picture(index) for index in range(12)}


@pytest.fixture(autouse=True)
def _nothing_written(output: Path) -> Iterator[None]:
    yield
    check_nothing(output)


@pytest.fixture
def refused(models: Path, output: Path, run_scoring: Scoring) -> Refused:
    """Runs a job over an input; asserts that it is refused with these words."""

    def run(place: Path | str, *words: str, options: tuple[str, ...] = ()) -> str:
        done = run_scoring(
            "run", *COLOURS, *options, "--models", models, place, output, before=UNPRIVILEGED
        )
        return check_refused(done, *words)

    return run


@pytest.mark.parametrize("name", ["gone", "gone.tar", "gone.zip", "gone.txt", "gone/*.jpg"])
def test_an_input_that_is_not_there_is_refused(refused: Refused, tmp_path: Path, name: str) -> None:
    refused(tmp_path / name, "gone")


def test_an_input_that_is_not_there_in_an_object_store_is_refused(
    refused: Refused, s3: Bucket
) -> None:
    refused(f"{s3.url}/gone", "gone")
    refused("s3://no-such-bucket-here/pictures", "no-such-bucket-here")


def test_a_folder_that_nobody_may_read_is_refused(refused: Refused, tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "secret", FILES)
    folder.chmod(0)
    refused(folder, "secret")
    folder.chmod(0o700)
    (folder / "red").chmod(0)
    refused(folder, "red")
    (folder / "red").chmod(0o700)


def test_an_archive_that_nobody_may_read_is_refused(refused: Refused, tmp_path: Path) -> None:
    path = write_tar(tmp_path / "input", FILES)
    path.chmod(0)
    refused(path, "pictures.tar")


def test_an_empty_folder_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    refused(tmp_path / "empty", "empty")


def test_a_folder_without_pictures_is_refused(refused: Refused, tmp_path: Path) -> None:
    write_folder(tmp_path / "notes", {"a.md": b"#", "deep/er/b.json": b"{}"})
    refused(tmp_path / "notes", "notes")


def test_an_empty_list_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("\n\n")
    refused(tmp_path / "list.txt", "list.txt")


def test_an_address_of_the_web_in_a_list_is_refused(refused: Refused, tmp_path: Path) -> None:
    write_folder(tmp_path, {"a.png": make_picture(0)})
    (tmp_path / "list.txt").write_text("a.png\nhttp://127.0.0.1:1/b.png\n")
    refused(tmp_path / "list.txt", "http://127.0.0.1:1/b.png")


def test_a_link_that_leads_out_of_the_tree_is_refused(refused: Refused, tmp_path: Path) -> None:
    write_folder(tmp_path / "elsewhere", {"secret.png": make_picture(0)})
    folder = write_folder(tmp_path / "input", FILES)
    (folder / "red/out.png").symlink_to("../../elsewhere/secret.png")
    refused(folder, "out.png")
    (folder / "red/out.png").unlink()
    (folder / "blue/out").symlink_to(tmp_path / "elsewhere")
    refused(folder, "out")


def test_a_tar_that_is_corrupt_in_the_middle_is_refused(refused: Refused, tmp_path: Path) -> None:
    path = write_tar(tmp_path / "input", FILES)
    data = bytearray(path.read_bytes())
    middle = len(data) // 1024 * 512
    for offset in range(0, len(data), 512):  # every header behind the middle
        if offset >= middle and data[offset + 257 : offset + 262] == b"ustar":
            data[offset : offset + 100] = b"\xa5" * 100
    path.write_bytes(data)
    refused(path, "pictures.tar")


def test_a_tar_that_ends_too_soon_is_refused(refused: Refused, tmp_path: Path) -> None:
    path = write_tar(tmp_path / "input", FILES)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 + 100])
    refused(path, "pictures.tar")


def test_a_compressed_tar_is_refused(refused: Refused, tmp_path: Path) -> None:
    path = write_tar(tmp_path / "input", FILES)
    subprocess.run(["gzip", path], check=True)
    refused(f"{path}.gz", "pictures.tar.gz")


def test_a_zip_that_ends_too_soon_is_refused(refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "pictures.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", make_picture(0))
    path.write_bytes(path.read_bytes()[:-30])
    refused(path, "pictures.zip")


def test_a_zip_bomb_is_refused(refused: Refused, tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", make_picture(0))
        archive.writestr("bomb.png", bytes(60_000_000))
    assert path.stat().st_size < 100_000
    refused(path, "bomb.png")


@pytest.mark.parametrize("option", ["--bytes-column", "--path-column", "--label-column"])
def test_a_parquet_without_the_named_column_is_refused(
    refused: Refused, tmp_path: Path, option: str
) -> None:
    path = write_parquet(tmp_path / "input", FILES)
    refused(path, "'nose'", "name", "image", options=(option, "nose"))


def test_a_parquet_in_which_no_column_can_be_guessed_is_refused(
    refused: Refused, tmp_path: Path
) -> None:
    pq.write_table(pa.table({"a": [1, 2], "b": [0.5, 1.5]}), tmp_path / "numbers.parquet")
    refused(tmp_path / "numbers.parquet", "numbers.parquet")


def test_a_parquet_that_ends_too_soon_is_refused(refused: Refused, tmp_path: Path) -> None:
    path = write_parquet(tmp_path / "input", FILES)
    path.write_bytes(path.read_bytes()[:-20])
    refused(path, "pictures.parquet")


def test_bytes_that_are_no_input_at_all_is_refused(refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "input.bin").write_bytes(bytes(range(256)) * 10)
    refused(tmp_path / "input.bin", "input.bin")
