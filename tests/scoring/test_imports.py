"""What a scoring job loads, and what it leaves alone."""

import subprocess
import sys

import pytest

from tests.servers import ROOT

NEVER = ("tensorflow", "keras", "tf2onnx", "bentoml", "fastapi", "uvicorn", "sklearn", "moto")


def loaded(code: str, names: tuple[str, ...]) -> list[str]:
    """Those of the names that a process has loaded that runs this code."""
    line = f"import sys; {code}; print(*sorted({set(names)!r} & set(sys.modules)))"
    command = [sys.executable, "-c", line]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.parametrize("command", ["run", "report", "compare"])
def test_a_command_loads_neither_the_service_nor_export_nor_ray(command: str) -> None:
    assert loaded(f"import scoring.commands.{command}", (*NEVER, "ray")) == []


def test_ray_s_engine_loads_neither_the_service_nor_export() -> None:
    assert loaded("import scoring.cluster.engine", NEVER) == []


def test_help_is_there_before_anything_heavy_is_loaded() -> None:
    heavy = ("onnxruntime", "pyarrow", "duckdb", "matplotlib", "ray", "obstore")
    assert loaded("import scoring.__main__", heavy) == []


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"]])
def test_where_only_the_service_is_set_up_one_sentence_says_what_to_do(
    arguments: list[str],
) -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"  # as if it were not installed
        f"import scoring.__main__; scoring.__main__.main({arguments})"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    said = "error: scoring needs the package pyarrow; run `make scoring` to install it\n"
    assert (done.returncode, done.stderr) == (1, said)
