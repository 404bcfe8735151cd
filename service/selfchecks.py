"""A self-check: do a model's explanations change when its weights do? In an inspection thread."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from pydantic import Field

from bundle.manifest import Manifest
from engine.arrays import Pixels
from engine.attribution.methods import Method
from engine.inspector import Inspector
from engine.selfcheck import SelfCheck, Stage, selfcheck
from engine.targets import ChannelTarget, Score, Target
from service.deadlines import TimedOptions
from service.decoding import Json
from service.errors import InvalidQueryError
from service.inspection import Job
from service.methods import MethodName, find_method, read_parameters
from service.passes import Passes
from service.sensitivity import Values, find_layers, run_method
from service.sensitivity_options import Asked, check_inside
from service.settings import Settings
from service.targets import TargetText, read_target

MAX_METHODS = 12


class SelfCheckOptions(TimedOptions):
    """The query of `selfcheck`."""

    method: list[MethodName] = Field(
        default=["gradient", "grad-cam"],
        max_length=MAX_METHODS,
        description="as of sensitivity, with their default parameters; may be repeated",
    )
    target: TargetText = Field(default="top1", description="a class; as of sensitivity")
    score: Score | None = Field(default=None, description="of the class; logit if not said")
    stages: int = Field(
        default=8, ge=1, le=64, description="of the cascade, evenly over the weighted layers"
    )
    seed: int = Field(default=0, ge=0, lt=2**63, description="of the random weights")


@dataclass(frozen=True, slots=True)
class Check:
    """A query that is understood: one target, several methods, one cascade each."""

    asked: tuple[Asked, ...]
    target: Target
    stages: int
    seed: int


def read_check(options: SelfCheckOptions, manifest: Manifest) -> Check:
    """What a query asks of a model.

    Raises:
        InvalidQueryError, InvalidTargetError: it does not fit together, or not this model.
        MethodError: the model was published without its inside.
    """
    check_inside(manifest)
    methods = {method.name: method for method in map(find_method, options.method)}
    target = read_target(options.target, manifest, score=options.score)
    if isinstance(target, ChannelTarget):
        raise InvalidQueryError(
            "target of a self-check is a class: random layers below a channel say nothing of those "
            "above it",
            parameter="target",
            received=options.target,
        )
    asked = tuple(_asked(method, target) for method in methods.values())
    return Check(asked, target, options.stages, options.seed)


def run_check(job: Job, check: Check, settings: Settings) -> Json:
    """A `SelfCheckAnswer`, of a job with at least one good picture.

    Raises:
        TooMuchError: more passes than `max_inspect_passes`.
        EngineError: what a method says of this network; see its function.
    """
    started = perf_counter()
    manifest, pixels = job.inspector.manifest, job.pictures.pixels
    target = job.inspector.resolve(pixels, check.target)
    repeats, cap = check.stages + 1, settings.max_inspect_passes
    passes = Passes(job.progress, pictures=len(pixels), cap=cap, repeats=repeats)
    methods: list[Json] = []
    for asked in check.asked:
        waiting = len(check.asked) - len(methods) - 1
        passes.begin(reserved=waiting * len(pixels) * repeats)  # at least
        methods.append(_run_cascade(job, asked, target, check, passes=passes, settings=settings))
    return {
        "model": manifest.name,
        "version": manifest.version,
        "precision": "fp32",
        "verdict": _verdict(all(found["verdict"] == "passed" for found in methods)),
        "seed": check.seed,
        "methods": methods,
        "results": job.pictures.results,
        "passes": passes.done,
        "timing_ms": {**job.timing_ms, "inference": round((perf_counter() - started) * 1000, 3)},
    }


def _run_cascade(
    job: Job, asked: Asked, target: Target, check: Check, *, passes: Passes, settings: Settings
) -> Json:
    """One method's `MethodCheck`."""
    layers = find_layers(job.inspector, asked)

    def explain(inspector: Inspector, pixels: Pixels, target: Target) -> Values:
        found = run_method(
            inspector,
            pixels,
            target,
            asked,
            layers=layers,
            passes=passes,
            max_batch=settings.max_batch,
        )
        return found.values[layers[0]]

    found = selfcheck(
        inspector=job.inspector,
        pixels=job.pictures.pixels,
        target=target,
        explain=explain,
        stages=check.stages,
        seed=check.seed,
    )
    return _method(asked, layers, found)


def _asked(method: Method, target: Target) -> Asked:
    """A method with all its defaults."""
    return Asked(method, read_parameters(method, {}), target, (), "max", faithfulness=False)


def _method(asked: Asked, layers: Sequence[str], found: SelfCheck) -> Json:
    """One method's cascade and verdict."""
    return {
        "method": asked.method.name,
        "verdict": _verdict(found.sensitive),
        "similarity": found.similarity,
        "threshold": found.threshold,
        "dead": found.dead,
        "layers": list(layers),
        "cascade": [_stage(index, stage) for index, stage in enumerate(found.stages, 1)],
    }


def _stage(index: int, stage: Stage) -> Json:
    return {
        "stage": index,
        "layers": list(stage.layers),
        "spearman": stage.spearman,
        "spearman_absolute": stage.spearman_absolute,
        "ssim": stage.ssim,
        "dead": stage.dead,
    }


def _verdict(passed: bool) -> str:
    return "passed" if passed else "failed"
