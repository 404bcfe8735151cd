"""The README's commands, run as they stand there, in a checkout of their own.

What the reader brings is made here: `my_model.keras`, and `photos`, one folder a class.
"""

import filecmp
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.servers import ROOT, Server, free_port, start

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
COMMANDS = [text.strip() for language, text in BLOCKS if language == "sh"]
CLASSES = {"apple": (200, 40, 30), "leaf": (30, 170, 50), "sky": (60, 110, 220)}

MODEL = """
import keras
keras.utils.set_random_seed(5)
keras.Sequential([
    keras.Input((40, 56, 3)),
    keras.layers.Rescaling(1 / 255),
    keras.layers.Conv2D(8, 3, strides=2, activation="relu", name="conv"),
    keras.layers.GlobalAveragePooling2D(name="pool"),
    keras.layers.Dense(3, activation="softmax", name="head"),
]).save("my_model.keras")
"""


def make_photos(folder: Path, each: int = 8) -> None:
    """Seeded noise around a colour a class; sizes differ and are never square."""
    rng = np.random.default_rng(11)
    for label, colour in CLASSES.items():
        (folder / label).mkdir(parents=True)
        for index in range(each):
            shape = (int(rng.integers(90, 130)), int(rng.integers(140, 180)), 3)
            pixels = np.clip(rng.normal(colour, 40, shape), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{index}.jpg")


def run(checkout: Path, command: str) -> str:
    """Run a block in a shell; what it printed."""
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=checkout,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, f"{command}\n{result.stdout[-3000:]}\n{result.stderr[-3000:]}"
    return result.stdout


def command_with(word: str) -> str:
    """The one block that holds a word."""
    (found,) = [command for command in COMMANDS if word in command]
    return found


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory, default_models: Path) -> Path:
    """A copy of the checkout, with our environment and default models, and the reader's files."""
    for lock in ("dev", "export", "scoring"):
        file = f"{lock}.txt"
        installed = Path(sys.prefix) / "locks" / file
        if not installed.exists() or not filecmp.cmp(ROOT / "requirements" / file, installed):
            pytest.skip("the environment is not the locked one; run the tests with `make test`")
    folder = tmp_path_factory.mktemp("readme") / "cutaway"
    folder.mkdir()
    for name in ("bundle", "engine", "service", "scoring", "export", "deploy", "requirements"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in ("Makefile", "bentofile.yaml"):
        shutil.copy(ROOT / name, folder)
    (folder / ".venv").symlink_to(sys.prefix)
    for name in ("imagenet", "fashion"):
        shutil.copytree(default_models / name, folder / "models" / name)
    make_photos(folder / "photos")
    subprocess.run([sys.executable, "-c", MODEL], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def serving(checkout: Path) -> Generator[Server]:
    """`make serve` as it stands, on a free port instead of 3000, as a reader may say too."""
    port = free_port()
    url, log = f"http://127.0.0.1:{port}", checkout / "serve.log"
    command = ["bash", "-c", f"exec {command_with('make serve')}"]
    env = os.environ | {"PORT": str(port)}
    with closing(start(command, url, log, cwd=checkout, env=env)) as server:
        yield server


def test_every_command_block_is_run_by_a_test() -> None:
    # `make test` is running this, and test_image.py is what `make image` runs.
    run_below = (
        "make serve",
        "make test",
        "export convert",
        "export finetune",
        "/predict?",
        "why.png",
        "channels.png",
        "make scoring",
        "make image",
    )
    assert [sum(word in command for word in run_below) for command in COMMANDS] == [1] * len(
        COMMANDS
    )
    assert len(COMMANDS) == len(run_below)


@pytest.mark.parametrize(
    ("target", "says"),
    [("test", 'pytest -m "not slow and not faults and not soak"'), ("image", "test_image.py")],
)
def test_the_commands_that_run_tests_are_those_of_the_makefile(target: str, says: str) -> None:
    plan = subprocess.run(
        ["make", "--dry-run", *command_with(f"make {target}").split()[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert says in plan.stdout


def test_a_reader_exports_a_model_in_one_command(checkout: Path) -> None:
    run(checkout, command_with("export convert"))
    manifest = json.loads((checkout / "models/mine/1/manifest.json").read_text())
    assert manifest["labels"] == sorted(CLASSES)


def test_a_reader_fine_tunes_a_model_in_one_command(checkout: Path) -> None:
    run(checkout, command_with("export finetune"))
    manifest = json.loads((checkout / "models/birds/1/manifest.json").read_text())
    assert manifest["labels"] == sorted(CLASSES)
    # Colours apart by many standard deviations: a head that has learned anything tells them apart.
    assert manifest["accuracy"]["top1"] >= 0.9


def test_the_answer_shown_is_the_answer_given(checkout: Path, serving: Server) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    command = command_with("/predict?").replace("http://127.0.0.1:3000", serving.url)
    given = json.loads(run(checkout, command))
    (shown,) = [json.loads(text) for language, text in BLOCKS if language == "json"]
    assert comparable(given) == comparable(shown)


@pytest.mark.parametrize("name", ["why.png", "channels.png"])
def test_the_pictures_shown_are_the_pictures_given(
    checkout: Path, serving: Server, name: str
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    run(checkout, command_with(name).replace("http://127.0.0.1:3000", serving.url))
    given, shown = (
        np.asarray(Image.open(folder / name).convert("RGB"), np.int16)
        for folder in (checkout, ROOT / "docs" / "pictures")
    )
    assert given.shape == shown.shape
    # Other processors round otherwise: a level here and there, and with it an order of channels.
    assert np.abs(given - shown).mean() < 2


def comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer with scores to two digits, and the names of its timings alone."""
    results = [
        result
        | {"classes": [entry | {"score": round(entry["score"], 2)} for entry in result["classes"]]}
        for result in answer["results"]
    ]
    return answer | {"results": results, "timing_ms": sorted(answer["timing_ms"])}


def test_a_reader_scores_pictures_and_reads_the_report(checkout: Path) -> None:
    run(checkout, command_with("make scoring"))
    assert (checkout / "scores/_SUCCESS").exists()
    job = json.loads((checkout / "scores/_job.json").read_text())
    assert job["settings"]["model"]["name"] == "birds"
    page = (checkout / "report.html").read_text(encoding="utf-8")
    for word in (*CLASSES, "<svg", "Accuracy"):
        assert word in page, word


def test_make_serve_serves_what_the_reader_has_made(serving: Server) -> None:
    models = httpx.get(f"{serving.url}/v1/models", timeout=10).text
    for name in ("imagenet", "fashion", "mine", "birds"):
        assert f'"{name}"' in models


def test_ctrl_c_ends_make_serve_without_a_traceback(serving: Server) -> None:
    os.killpg(serving.process.pid, signal.SIGINT)  # as a terminal does it: to all of them
    serving.process.wait(timeout=30)
    printed = serving.log.read_text()
    assert "Traceback" not in printed
    assert "***" not in printed  # make's own complaint
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{serving.url}/livez")


def test_every_link_leads_somewhere() -> None:
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r'\]\(([^)#]+)[)#]|src="([^"]+)"', text):
            path = "".join(target)
            if "://" not in path:
                assert (page.parent / path).exists(), f"{page.name}: {path}"
