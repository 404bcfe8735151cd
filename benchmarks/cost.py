"""What looking inside costs in the engine, beside a prediction of the same picture."""

from benchmarks.report import Line, ratio_line
from benchmarks.rounds import interleave, ratios
from benchmarks.subjects import Subject
from bundle.repository import INSPECT, Bundle
from engine.arrays import Pixels
from engine.attribution.grad_cam import grad_cam
from engine.classifier import Classifier
from engine.inspector import INPUT, Inspector
from engine.targets import ClassTarget

TOP1 = ClassTarget()
PREDICTION = "a prediction"
ROOM_BYTES = 4_000_000_000


def measure_cost(subject: Subject, bundle: Bundle, pixels: Pixels, rounds: int) -> list[Line]:
    """The four kinds of request that the issue sets goals for, and a few more.

    Args:
        subject: which layers.
        bundle: the network.
        pixels: (1, height, width, channels).
        rounds: how often everything runs.
    """
    classifier = Classifier(bundle)
    # Room for all: five sessions of ResNet50V2 hold more than the default 512 MB, and taking turns
    # would open one anew in every round (a layer beside the prediction cost 4.7 then, not 1.05).
    inspector = Inspector(bundle.path(INSPECT), bundle.manifest, max_bytes=ROOM_BYTES)
    output = bundle.manifest.layers[-1].path
    goals = {
        f"prediction and layer `{subject.middle}`": 1.15,
        f"early layer `{subject.early}` alone": 0.5,
        f"Grad-CAM at `{subject.last}`": 1.3,
        "gradient of the input": 2.7,
        f"gradient of layer `{subject.middle}`": None,
        "the same prediction, again": None,
    }
    works = [
        lambda: inspector.activations(pixels, [subject.middle, output]),
        lambda: inspector.activations(pixels, [subject.early]),
        lambda: grad_cam(inspector, pixels, TOP1, layer=subject.last),
        lambda: inspector.sensitivity(pixels, TOP1, [INPUT]),
        lambda: inspector.sensitivity(pixels, TOP1, [subject.middle]),
        lambda: classifier.predict(pixels),
    ]
    named = {PREDICTION: lambda: classifier.predict(pixels)} | dict(zip(goals, works, strict=True))
    found = ratios(interleave(named, rounds=rounds), PREDICTION)
    return [ratio_line(what, found[what], goal) for what, goal in goals.items()]
