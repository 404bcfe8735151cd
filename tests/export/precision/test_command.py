"""`python -m export precision` from a shell: quick, without TensorFlow, one line for a mistake."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from bundle.repository import Repository

Maker = Callable[..., Path]


def run(*arguments: object) -> subprocess.CompletedProcess[str]:
    code = (
        "import sys; from export.__main__ import main\n"
        "try: main(sys.argv[1:], prog_name='export')\n"
        "finally: print('tensorflow' in sys.modules)"
    )
    command = [sys.executable, "-c", code, "precision", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_published_model_gets_its_precisions_without_tensorflow(
    repository: Repository, make_pictures: Maker
) -> None:
    done = run("colours", "--fp16", "--int8", "--calibrate", make_pictures("cal", 240),
               "--models", repository.root)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "published colours version 2 with fp16 and int8" in done.stdout
    assert done.stdout.splitlines()[-1] == "False"
    assert done.stderr == ""
    assert len(repository.open("colours").manifest.precisions) == 3


def test_a_mistake_is_one_line_and_exit_code_1(repository: Repository, tmp_path: Path) -> None:
    for arguments, sentence in (
        (["colours"], "error: which precision?"),
        (["colours", "--int8"], "error: --int8 needs --calibrate FOLDER"),
        (["colours", "--fp16", "--held-out", tmp_path / "none"], "error: --held-out expects"),
        (["roses", "--fp16", "--held-out", tmp_path], "error: no model 'roses'"),
    ):
        done = run(*arguments, "--models", repository.root)
        assert done.returncode == 1
        assert done.stderr.startswith(sentence), done.stderr
        assert done.stderr.count("\n") == 1
    assert repository.versions("colours") == [1]
