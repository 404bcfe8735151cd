"""The committed messages are those of the .proto file."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROTO = "service/grpc/open_inference.proto"


@pytest.mark.parametrize("name", ["open_inference_pb2.py", "open_inference_pb2.pyi"])
def test_what_is_generated_is_what_is_committed(tmp_path: Path, name: str) -> None:
    options = [f"--python_out={tmp_path}", f"--pyi_out={tmp_path}", "-I."]
    command = [sys.executable, "-m", "grpc_tools.protoc", *options, PROTO]
    subprocess.run(command, cwd=ROOT, check=True)
    written = (tmp_path / "service" / "grpc" / name).read_text()
    assert written == (ROOT / "service" / "grpc" / name).read_text(), "run `make proto`"
