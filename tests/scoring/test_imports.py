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
