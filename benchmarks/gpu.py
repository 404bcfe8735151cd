"""The engine and the service on an NVIDIA GPU: `python -m benchmarks.gpu`, or `make bench-gpu`.

It needs an environment with requirements/gpu.txt (onnxruntime-gpu with CUDA's and cuDNN's wheels,
which the engine loads itself) instead of service.txt, plus click and httpx and psutil; a driver for
CUDA 13; and a bundle of ResNet50V2 with an fp16 graph (`python -m export precision`), whose weights
may be random. Where PyTorch is installed, it is the yardstick. Without a GPU it says so and ends.
"""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.contenders import ours
from benchmarks.gpu_torch import installed, torch_work
from benchmarks.gpu_works import engine_work, raw_work, service_work
from benchmarks.pictures import array_body
from benchmarks.report import ROOT, Line, provenance
from benchmarks.rounds import Work, interleave, ratios
from benchmarks.servers import Server, running
from benchmarks.subjects import SUBJECTS, open_subject
from bundle.manifest import PrecisionName
from bundle.repository import Bundle, open_bundle
from engine.arrays import Pixels
from engine.devices import Device, parse_device
from engine.errors import DeviceError, PrecisionError
from engine.precisions import declared_precision
from engine.runners.cuda import Tuning, open_cuda, provider_options
from engine.runners.driver import prepare
from engine.runners.memory import Memory
from engine.sessions import open_session
from engine.warm_up import make_noise

RESULT = ROOT / "benchmarks" / "results" / "gpu.md"
RAW, ENGINE = "ONNX Runtime, bound, nothing copied", "engine, two callers"
TORCH, SERVICE = "PyTorch, compiled, channels last", "service, arrays in"
VARIANTS = {
    "engine, CUDA graphs": Tuning(graphs=True),
    "engine, every convolution tried": Tuning(search="EXHAUSTIVE"),
    "engine, channels first": Tuning(channels_last=False),
}
PACKAGES = ("onnxruntime-gpu", "onnx", "numpy", "bentoml")
CLIENTS = 4
"""Two batches run, two are on their way."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is run: `batches` times `batch` images in each work."""

    bundle: Bundle
    device: Device
    precision: PrecisionName
    batch: int
    batches: int

    @property
    def pixels(self) -> Pixels:
        """One batch."""
        return make_noise(self.bundle.manifest.input, self.batch)


@click.command()
@click.option("--models", default="models", show_default=True, help="Folder of the default models.",
              type=click.Path(path_type=Path))  # fmt: skip
@click.option("--cache", default=".cache/benchmarks/models", show_default=True,
              help="Repository of the networks with random weights.",
              type=click.Path(path_type=Path))  # fmt: skip
@click.option("--bundle", "folder", help="A bundle's own folder, instead of ResNet50V2.",
              type=click.Path(path_type=Path, exists=True))  # fmt: skip
@click.option("--gpu", "number", default=0, show_default=True, type=click.IntRange(0))
@click.option("--precision", default="fp16", show_default=True,
              type=click.Choice(["fp16", "fp32"]))  # fmt: skip
@click.option("--batch", default=64, show_default=True, type=click.IntRange(1))
@click.option("--batches", default=50, show_default=True, help="In each work of a round.",
              type=click.IntRange(2))  # fmt: skip
@click.option("--variants/--no-variants", default=True, show_default=True,
              help="Whether the engine is also measured in other tunings.")  # fmt: skip
@click.option("--rounds", default=15, show_default=True, type=click.IntRange(5))
@click.option("--result", default=RESULT, help="The Markdown file to write.",
              type=click.Path(path_type=Path))  # fmt: skip
def main(
    *,
    models: Path,
    cache: Path,
    folder: Path | None,
    number: int,
    precision: PrecisionName,
    batch: int,
    batches: int,
    variants: bool,
    rounds: int,
    result: Path,
) -> None:
    """Measure, print, and write the result; without a GPU, say so."""
    try:
        gpu = prepare(f"cuda:{number}", number)
        device = parse_device(f"cuda:{number}")
    except DeviceError as error:
        print(f"skipped: {error}")
        return
    bundle = open_bundle(folder) if folder else open_subject(SUBJECTS["resnet50v2"], models, cache)
    task = Task(bundle, device, precision, batch, batches)
    works = _engines(task, {ENGINE: Tuning()} | (VARIANTS if variants else {}))
    if installed() and precision == "fp16" and not folder:
        works[TORCH] = torch_work(device.name, batch, batches)
    with tempfile.TemporaryDirectory() as scratch:
        body = array_body(Path(scratch), task.pixels)
        content, kind = body.file.read_bytes(), body.content_type
    with (
        running(_server(task)) as server,
        service_work(server.url, content, kind, clients=CLIENTS, requests=batches) as service,
    ):
        times = interleave(works | {SERVICE: service}, rounds=rounds)
    head = (
        f"{bundle.manifest.name}, {precision}, batch {batch}, on {gpu}: medians of {rounds} "
        f"interleaved rounds of {batches} batches, and in brackets the middle half of the rounds."
    )
    parts = ["# On a GPU", provenance(PACKAGES), head, table(compare(times))]
    print("\n\n".join(parts))
    result.write_text("\n\n".join(parts) + "\n")


def compare(times: dict[str, dict[str, list[float]]]) -> list[Line]:
    """The goals' rows, then every other engine beside ONNX Runtime alone; all in speed.

    Args:
        times: of `interleave`; without PyTorch its row says so.
    """
    lines = [_share(times, ENGINE, RAW, 0.95)]
    if TORCH in times["wall"]:
        lines.append(_share(times, ENGINE, TORCH, 1.0))
    else:
        lines.append(Line(f"{ENGINE} / {TORCH}", "not measured: no torch, or not its network"))
    lines.append(_share(times, SERVICE, ENGINE, 0.8))
    return lines + [_share(times, name, RAW) for name in VARIANTS if name in times["wall"]]


def table(lines: Sequence[Line]) -> str:
    """A Markdown table."""
    head = "| speed | × (middle half) | goal | |\n|---|---|---|---|"
    return "\n".join([head, *(f"| {x.what} | {x.value} | {x.goal} | {x.verdict} |" for x in lines)])


def _share(
    times: dict[str, dict[str, list[float]]], name: str, of: str, goal: float | None = None
) -> Line:
    """One work's speed as a share of another's in the same rounds."""
    ratio = ratios(times, name)[of]  # of times, so the other way round
    value = f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"
    if goal is None:
        return Line(f"{name} / {of}", value)
    return Line(f"{name} / {of}", value, "", f"≥ {goal}", ratio.median >= goal)


def _engines(task: Task, tunings: Mapping[str, Tuning]) -> dict[str, Work]:
    """ONNX Runtime alone, and the engine in each tuning, on the same batch of noise."""
    manifest, device, pixels = task.bundle.manifest, task.device, task.pixels
    try:
        path = task.bundle.path(declared_precision(task.bundle, task.precision).file)
    except PrecisionError as error:
        raise click.ClickException(str(error)) from error
    options = provider_options(task.precision, Tuning())
    session = open_session(path, device=device.with_options(options), threads=1)
    memory = Memory("cuda", int(device.options["device_id"]))
    works = {RAW: raw_work(session, manifest, pixels, memory, task.batches)}
    for name, tuning in tunings.items():
        runner = open_cuda(
            task.bundle, device, task.precision,
            max_batch=task.batch, memory_bytes=0, tuning=tuning,
        )  # fmt: skip
        works[name] = engine_work(runner, pixels, task.batches)
    return works


def _server(task: Task) -> Server:
    """The service on that GPU, with room for what the clients send."""
    settings = {
        "CUTAWAY_DEVICE": task.device.name,
        "CUTAWAY_PRECISION": task.precision,
        "CUTAWAY_MAX_BATCH": str(task.batch),
        "CUTAWAY_MAX_IMAGES": str(task.batch),
        "CUTAWAY_QUEUE_IMAGES": str(2 * CLIENTS * task.batch),
    }
    return ours(task.bundle, settings=settings)


if __name__ == "__main__":
    main()
