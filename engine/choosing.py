"""The choice: which device a network runs on, and why not on the others."""

from collections.abc import Sequence
from dataclasses import dataclass

from bundle.manifest import ImageInput, PrecisionName
from bundle.repository import Bundle
from engine.devices import KINDS, Device, candidates, parse_device, reason
from engine.errors import EngineError, GraphError, PrecisionError
from engine.golden import GoldenError, check_golden
from engine.precisions import declared_precision, precisions_to_try
from engine.runners.cpu import open_cpu
from engine.runners.cuda import open_cuda
from engine.runners.openvino import open_openvino
from engine.runners.runner import Runner
from engine.runners.tensorrt import open_tensorrt
from engine.sessions import return_memory
from engine.warm_up import make_noise, measure_pace

TRIED = 2
"""Pictures of the first run: a graph whose batch axis is fixed opens, and does not run."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A network that is ready to run, and of every other kind of device why it is not that."""

    runner: Runner
    refused: dict[str, str]


@dataclass(frozen=True, slots=True)
class Wish:
    """What every device is opened with; see `choose`."""

    bundle: Bundle
    precision: str
    threads: int
    max_batch: int
    memory_bytes: int
    measure: bool


def choose(
    bundle: Bundle,
    *,
    device: str = "auto",
    precision: str = "auto",
    threads: int = 0,
    max_batch: int = 8,
    memory_bytes: int = 0,
    measure: bool = True,
) -> Choice:
    """The device that was asked for, or of `auto` the fastest that reproduces the golden pictures.

    Args:
        bundle: a verified model version.
        device: `auto`, `cpu`, `openvino`, `cuda`, `cuda:N`, `tensorrt` or `tensorrt:N`.
        precision: `auto` (the fp32 graph in the device's fastest arithmetic that reproduces the
            golden pictures), `fp32`, `bf16`, `fp16` or `int8`.
        threads: of one run on a processor; 0 takes what is fastest here.
        max_batch: images in one run at most.
        memory_bytes: of a GPU's memory, at most; 0 is no cap.
        measure: whether to time anything; without, `auto` takes the first that starts.

    Raises:
        DeviceError: the device is unknown or does not run here.
        PrecisionError: the bundle has no such precision, or the device does not compute it.
        GoldenError: the device answers the golden pictures otherwise than Keras did.
        GraphError: the graph does not load, or has another interface than the manifest's.
    """
    declared_precision(bundle, precision)
    wish = Wish(bundle, precision, threads, max_batch, memory_bytes, measure)
    if device == "auto":
        return _choose_fastest(wish)
    asked = parse_device(device)
    others = {kind: f"the device is set to {device}" for kind in KINDS if kind != asked.kind}
    return Choice(_open_best(asked, wish), others)


def _choose_fastest(wish: Wish) -> Choice:
    """Every device that is here, opened, checked and measured."""
    devices, refused = candidates()
    runners: dict[str, Runner] = {}
    errors: list[EngineError] = []
    for device in devices:
        try:
            runners[device.kind] = _open_best(device, wish)
        except EngineError as error:
            errors.append(error)
            refused[device.kind] = reason(error)
        if runners and not wish.measure:
            break
    if not runners:
        # What failed says more than what was never possible.
        failed = [error for error in errors if not isinstance(error, PrecisionError)]
        raise failed[0] if failed else PrecisionError("; ".join(map(str, errors)))
    fastest = next(iter(runners))
    if len(runners) > 1:
        spec, most = wish.bundle.manifest.input, wish.max_batch
        paces = {kind: _pace(runner, spec, most) for kind, runner in runners.items()}
        fastest = max(paces, key=paces.__getitem__)
        for kind, pace in paces.items():
            if kind != fastest:
                refused[kind] = f"slower here: {pace / paces[fastest]:.2f} × {fastest}"
    runner = runners.pop(fastest)
    runners.clear()
    return_memory()
    return Choice(runner, refused)


def _open_best(device: Device, wish: Wish) -> Runner:
    """A device in its fastest arithmetic that reproduces the golden pictures."""
    names = precisions_to_try(device, wish.precision)
    for name in names[:-1]:
        try:
            return _open_checked(device, name, wish)
        except GoldenError:
            continue  # the next is slower, and nearer to Keras
    return _open_checked(device, names[-1], wish)


def _open_checked(device: Device, precision: PrecisionName, wish: Wish) -> Runner:
    """A device in one precision, tried in one run and checked on the golden pictures."""
    declared = declared_precision(wish.bundle, precision)
    try:
        runner = _open(device, precision, wish)
        runner.run(make_noise(wish.bundle.manifest.input, min(TRIED, wish.max_batch)))
        check_golden(runner.run, wish.bundle, declared, wish.max_batch)
    except GoldenError as error:
        raise GoldenError(f"{device.name} in {precision}: {error}") from error
    except EngineError:
        raise
    except Exception as error:  # ONNX Runtime's errors share no base of their own
        words = str(error).partition("\n")[0]
        raise GraphError(f"{declared.file} does not run on {device.name}: {words}") from error
    return runner


def _open(device: Device, precision: PrecisionName, wish: Wish) -> Runner:
    """The runner of the device's kind."""
    bundle, threads, measure = wish.bundle, wish.threads, wish.measure
    if device.kind == "cpu":
        return open_cpu(bundle, device, precision, threads=threads, measure=measure)
    if device.kind == "openvino":
        return open_openvino(
            bundle, device, precision, threads=threads, max_batch=wish.max_batch, measure=measure
        )
    opener = open_cuda if device.kind == "cuda" else open_tensorrt
    return opener(
        bundle, device, precision, max_batch=wish.max_batch, memory_bytes=wish.memory_bytes
    )


def _pace(runner: Runner, spec: ImageInput, max_batch: int) -> float:
    """Images a second at the better of a small and a large batch."""
    sizes: Sequence[int] = (runner.sizes[-1],) if runner.sizes else (1, min(4, max_batch))
    return max(measure_pace(runner, spec, size) for size in dict.fromkeys(sizes))
