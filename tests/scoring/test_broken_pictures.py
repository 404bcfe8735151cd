"""Pictures that cannot be scored are rows that say why; they cost their neighbours nothing."""

import os
import random
import subprocess
from pathlib import Path

import pytest

from tests.scoring.broken import broken_pictures, odd_pictures
from tests.scoring.conftest import Scoring
from tests.scoring.containers import WRITERS, Files, write_folder
from tests.scoring.pictures import make_picture, picture_name
from tests.scoring.results import Row, by_source, check_complete, read_job, read_rows

GOOD = 570
SHARE = 0.05
OPTIONS = ("--model", "colours", "--device", "cpu", "--shard", "100")
UNPRIVILEGED = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search")
"""Root without the right to read what nobody may read."""


def good_files() -> dict[str, bytes]:
    return {picture_name(index): make_picture(index) for index in range(GOOD)}


def broken_files() -> dict[str, tuple[bytes, str]]:
    """Name → file and code: one in twenty of all, every kind at least once, anywhere among them."""
    kinds = list(broken_pictures().values())
    count = round(GOOD * SHARE / (1 - SHARE))
    assert len(kinds) <= count
    dice = random.Random(1)  # noqa: S311  places, no secret
    chosen = [*kinds, *dice.choices(kinds, k=count - len(kinds))]
    places = dice.sample(range(GOOD), count)
    return {
        picture_name(place).replace(".", "-broken."): found
        for place, found in zip(places, chosen, strict=True)
    }


@pytest.fixture(scope="module")
def mixed() -> dict[str, bytes]:
    """All files, by name."""
    files = good_files() | {name: data for name, (data, _) in broken_files().items()}
    return dict(sorted(files.items()))


def check_row(row: Row, code: str) -> None:
    """A picture that could not be scored: why, in one sentence, and nothing else."""
    assert row["error_code"] == code, row
    assert row["error_message"]
    assert "\n" not in row["error_message"]
    assert "Traceback" not in row["error_message"]
    assert row["class_ids"] is row["labels"] is row["scores"] is None


@pytest.mark.parametrize("kind", WRITERS)
def test_of_five_in_a_hundred_that_are_broken_each_is_reported_and_none_is_lost(
    kind: str, mixed: Files, models: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    place, output = WRITERS[kind](tmp_path / "input", mixed), tmp_path / "output"
    more = ["--bytes-column", "image"] if kind == "parquet" else []
    done = run_scoring("run", *OPTIONS, *more, "--models", models, place, output)
    assert done.returncode == 0, done.stderr
    check_complete(output, len(mixed))
    rows = read_rows(output)
    broken = broken_files()
    for name, row in zip(mixed, rows, strict=True):
        if name in broken:
            check_row(row, broken[name][1])
        else:
            assert row["labels"][0] == name.partition("/")[0], row
            assert row["error_code"] is None
        if kind in ("folder", "list", "tar", "zip"):
            assert row["source"].endswith(name)
    counts = read_job(output)["counts"]
    assert counts["pictures"] == len(mixed)
    codes = [code for _, code in broken.values()]
    assert counts["errors"] == {code: codes.count(code) for code in set(codes)}


def test_broken_neighbours_change_no_number(
    mixed: Files, models: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    for name, files in (("mixed", mixed), ("good", good_files())):
        folder = write_folder(tmp_path / name, files)
        done = run_scoring("run", *OPTIONS, "--models", models, folder, tmp_path / f"{name}.out")
        assert done.returncode == 0, done.stderr
    among, alone = by_source(tmp_path / "mixed.out"), by_source(tmp_path / "good.out")
    assert len(alone) == GOOD
    for source, row in alone.items():
        assert among[source]["class_ids"] == row["class_ids"]
        assert among[source]["scores"] == pytest.approx(row["scores"], abs=1e-6)
        assert among[source]["sha256"] == row["sha256"]


def test_a_batch_of_broken_pictures_alone_is_reported(
    models: Path, tmp_path: Path, output: Path, run_scoring: Scoring
) -> None:
    files = {f"{index:03d}.jpg": data for index, (data, _) in enumerate(_all_broken())}
    folder = write_folder(tmp_path / "input", files)
    done = run_scoring("run", *OPTIONS, "--models", models, folder, output)
    assert done.returncode == 0, done.stderr
    for row, (_, code) in zip(read_rows(output), _all_broken(), strict=True):
        check_row(row, code)
    check_complete(output, len(files))


def _all_broken() -> list[tuple[bytes, str]]:
    return list(broken_pictures().values())


def test_what_looks_wrong_and_is_not_is_scored(
    models: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    files = {f"{number}.jpg": data for number, data in enumerate(odd_pictures().values())}
    output = tmp_path / "output"
    folder = write_folder(tmp_path / "input", files)
    assert run_scoring("run", *OPTIONS, "--models", models, folder, output).returncode == 0
    assert [row["error_code"] for row in read_rows(output)] == [None] * len(files)


def test_files_that_cannot_be_read_are_rows(
    models: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    """Named by a list: one that is there, one that is not, a folder, one that nobody may read, and
    one that is larger than allowed, of which nothing is read: it is a hole of 60 MB."""
    folder = write_folder(tmp_path / "input", {"good.png": make_picture(0), "secret.png": b"x"})
    (folder / "folder.png").mkdir()
    (folder / "secret.png").chmod(0)
    with (folder / "large.png").open("wb") as file:
        file.truncate(60_000_000)
    names = ("missing.png", "good.png", "folder.png", "secret.png", "large.png")
    (folder / "list.txt").write_text("".join(f"{name}\n" for name in names))
    output = tmp_path / "output"
    before = UNPRIVILEGED if os.geteuid() == 0 else ()
    done = run_scoring(
        "run", *OPTIONS, "--models", models, folder / "list.txt", output, before=before
    )
    assert done.returncode == 0, done.stderr
    check_complete(output, 5)
    rows = read_rows(output)
    codes = [row["error_code"] for row in rows]
    assert codes == ["unreadable", None, "unreadable", "unreadable", "file_too_large"]
    assert rows[1]["labels"][0] == "red"
    for row in (rows[0], *rows[2:]):
        check_row(row, row["error_code"])
        assert row["sha256"] is None


def test_a_pipe_that_is_called_a_picture_blocks_nobody(
    models: Path, tmp_path: Path, run_scoring: Scoring
) -> None:
    folder = write_folder(tmp_path / "input", {"a.png": make_picture(0), "z.png": make_picture(1)})
    subprocess.run(["mkfifo", folder / "pipe.png"], check=True)
    (folder / "list.txt").write_text("a.png\npipe.png\nz.png\n")
    for place in (folder, folder / "list.txt"):
        output = tmp_path / f"output-{place.name}"
        done = run_scoring("run", *OPTIONS, "--models", models, place, output)
        assert done.returncode == 0, done.stderr
        good = [row["labels"][0] for row in read_rows(output) if row["error_code"] is None]
        assert good == ["red", "green"]


def test_a_link_to_nowhere_is_a_row(models: Path, tmp_path: Path, run_scoring: Scoring) -> None:
    folder = write_folder(tmp_path / "input", {"a.png": make_picture(0)})
    (folder / "b.png").symlink_to("gone.png")
    output = tmp_path / "output"
    done = run_scoring("run", *OPTIONS, "--models", models, folder, output)
    assert done.returncode == 0, done.stderr
    assert [row["error_code"] for row in read_rows(output)] == [None, "unreadable"]


def test_a_name_of_any_bytes_is_scored(
    models: Path, tmp_path: Path, output: Path, run_scoring: Scoring
) -> None:
    """A name in Latin-1, one with a line break, one that looks like a formula, one in Chinese."""
    folder = tmp_path / "input"
    folder.mkdir()
    names = (b"caf\xe9.png", b"two\nlines.png", b"=1+1.png", "猫 <b>.png".encode())
    for name in names:
        Path(os.fsdecode(bytes(folder) + b"/" + name)).write_bytes(make_picture(0))
    done = run_scoring("run", *OPTIONS, "--models", models, folder, output)
    assert done.returncode == 0, done.stderr
    check_complete(output, len(names))
    rows = read_rows(output)
    assert [row["error_code"] for row in rows] == [None] * len(names)
    assert len({row["source"] for row in rows}) == len(names)
