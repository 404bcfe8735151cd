"""Golden pictures: a device that answers otherwise than Keras is not taken."""

from collections.abc import Callable
from zipfile import ZipFile

import numpy as np
import pytest

from bundle.manifest import Output, Precision
from bundle.repository import GOLDEN, PREDICT, Bundle
from engine.arrays import Pixels, Scores
from engine.golden import GoldenError, check_golden

FP32 = Precision(name="fp32", file=PREDICT, top1_agreement=1, max_abs_difference=0)
INT8 = Precision(name="int8", file="predict.int8.onnx", top1_agreement=1, max_abs_difference=0.02)
KERAS = np.array([[0.6, 0.3, 0.1], [0.4005, 0.4, 0.1995]], np.float32)


def golden(bundle: Bundle, answers: np.ndarray = KERAS) -> Bundle:
    """The bundle with as many pictures as answers."""
    np.savez(
        bundle.path(GOLDEN), pixels=np.zeros((len(answers), 48, 64, 3), "u1"), predictions=answers
    )
    return bundle


def answering(scores: np.ndarray) -> Callable[[Pixels], Scores]:
    """A run that gives the next rows of these scores at every call."""
    rest = iter(scores)
    return lambda pixels: np.stack([next(rest) for _ in pixels])


def moved(*differences: float) -> np.ndarray:
    """Keras's answers, the first picture's moved."""
    return KERAS + np.array([differences, (0, 0, 0)], np.float32)


def test_the_same_answers_pass_in_batches_no_larger_than_allowed(colours: Bundle) -> None:
    sizes: list[int] = []
    rest = iter(np.tile(KERAS, (4, 1)))

    def run(pixels: np.ndarray) -> np.ndarray:
        sizes.append(len(pixels))
        return np.stack([next(rest) for _ in pixels])

    check_golden(run, golden(colours, np.tile(KERAS, (4, 1))), FP32, max_batch=3)
    assert sizes == [3, 3, 2]


def test_a_probability_too_far_off_is_refused(colours: Bundle) -> None:
    check_golden(answering(moved(-0.0045, 0.0045, 0)), golden(colours), FP32)
    with pytest.raises(GoldenError, match=r"differ by 0\.006 .*expected at most 0\.005"):
        check_golden(answering(moved(-0.006, 0.006, 0)), golden(colours), FP32)


def test_a_precision_may_differ_by_what_it_declares(colours: Bundle) -> None:
    check_golden(answering(moved(-0.02, 0.02, 0)), golden(colours), INT8)
    with pytest.raises(GoldenError, match=r"differ by 0\.03 .*expected at most 0\.025"):
        check_golden(answering(moved(-0.03, 0.03, 0)), golden(colours), INT8)


def test_no_number_is_no_answer(colours: Bundle) -> None:
    with pytest.raises(GoldenError, match="differ by nan"):
        check_golden(answering(KERAS * np.float32(np.nan)), golden(colours), FP32)


def test_another_first_class_is_refused_and_a_tie_is_none(colours: Bundle) -> None:
    tied = KERAS.copy()
    tied[1, :2] = 0.4, 0.4005
    check_golden(answering(tied), golden(colours), FP32)
    clear = np.array([[0.402, 0.4, 0.198]], np.float32)
    with pytest.raises(GoldenError, match=r"1 of 1 golden pictures .*another first class"):
        check_golden(answering(clear[:, [1, 0, 2]]), golden(colours, clear), FP32)


def test_logits_are_compared_as_probabilities(colours: Bundle) -> None:
    manifest = colours.manifest.model_copy(update={"output": Output(activation="none")})
    bundle = golden(Bundle(colours.folder, manifest), np.array([[900.0, 0, 0]], np.float32))
    check_golden(answering(np.array([[870.0, 0, 0]], np.float32)), bundle, FP32)


def test_a_bundle_without_golden_pictures_passes(colours: Bundle) -> None:
    check_golden(answering(KERAS[:0]), colours, FP32)


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"pixels": np.zeros((2, 48, 64, 3), "u1")},
        {"pixels": np.zeros((0, 48, 64, 3), "u1"), "predictions": KERAS[:0]},
        {"pixels": np.zeros((2, 48, 64, 3), "f4"), "predictions": KERAS},
        {"pixels": np.zeros((2, 64, 48, 3), "u1"), "predictions": KERAS},
        {"pixels": np.zeros((2, 48, 64, 3), "u1"), "predictions": KERAS[:, :2]},
        {"pixels": np.array([{"an": "object"}]), "predictions": KERAS},
    ],
    ids=["empty", "no answers", "no pictures", "floats", "another size", "two classes", "objects"],
)
def test_golden_pictures_that_are_none_are_one_sentence(
    colours: Bundle, content: dict[str, np.ndarray]
) -> None:
    with ZipFile(colours.path(GOLDEN), "w") as archive:
        for name, values in content.items():
            with archive.open(f"{name}.npy", "w") as file:
                np.save(file, values)
    with pytest.raises(GoldenError, match="colours version 1 does not hold its golden pictures"):
        check_golden(answering(KERAS), colours, FP32)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_golden_file_that_is_no_archive_is_one_sentence(colours: Bundle, content: bytes) -> None:
    colours.path(GOLDEN).write_bytes(content)
    with pytest.raises(GoldenError, match="does not hold its golden pictures"):
        check_golden(answering(KERAS), colours, FP32)
