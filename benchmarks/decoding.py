"""What a picture costs before inference: `python -m benchmarks.decoding`.

Both roads of the `pillow` recipe, Pillow's own and ours, the `tensorflow` recipe, and drafts; then
two threads against one; then what drafts do to the labels of the default models.
"""

import io
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import click
import numpy as np
from PIL import Image

from benchmarks.report import ROOT, provenance
from benchmarks.rounds import interleave
from bundle.manifest import ImageInput, Preprocessing
from bundle.repository import Repository
from engine.classifier import Classifier
from engine.recipes import Recipe, build_recipe

SAMPLES = ROOT / "export" / "samples"
RESULT = ROOT / "benchmarks" / "results" / "decoding.md"
SIZES = ((500, 375), (640, 427), (1920, 1080), (4000, 3000))
LARGE = ((1600, 1200), (3000, 2251), (4000, 3000))
LANCZOS, BICUBIC = Image.Resampling.LANCZOS, Image.Resampling.BICUBIC


@click.command()
@click.option("--models", default="models", show_default=True, help="Folder of the default models.",
              type=click.Path(path_type=Path))  # fmt: skip
@click.option("--rounds", default=15, show_default=True, type=click.IntRange(5))
@click.option("--result", default=RESULT, help="The Markdown file to write.",
              type=click.Path(path_type=Path))  # fmt: skip
def main(models: Path, rounds: int, result: Path) -> None:
    """Measure, print, and write the result."""
    parts = [
        "# What decoding costs",
        provenance(("pillow", "simplejpeg", "numpy")),
        f"Milliseconds a photograph (JPEG, quality 90), medians of {rounds} interleaved rounds, "
        "one thread; in brackets the best round. `python -m benchmarks.decoding` writes this.",
        _costs(rounds),
        "## Two threads\n\nPictures a second of two threads, as a multiple of one thread's.",
        _threads(rounds),
        "## Drafts and labels\n\nThe samples enlarged to camera sizes and saved again at qualities "
        "75 and 92; each model's answer to the draft against its answer to the exact pixels.",
        _labels(models),
    ]
    print("\n\n".join(parts))
    result.write_text("\n\n".join(parts) + "\n")


def jpeg_of(sample: Path, size: tuple[int, int], quality: int = 90) -> bytes:
    """A sample at another size, as a JPEG."""
    stream = io.BytesIO()
    with Image.open(sample) as image:
        image.convert("RGB").resize(size, LANCZOS).save(stream, "JPEG", quality=quality)
    return stream.getvalue()


def plain_pillow(data: bytes) -> np.ndarray:
    """Resize to 256 and crop 224 as everybody writes it."""
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
        scaled = (int(256 * width / height), 256)
        left = round((scaled[0] - 224) / 2)
        whole = image.convert("RGB").resize(scaled, BICUBIC)
        return np.asarray(whole.crop((left, 16, left + 224, 240)))


def recipes() -> dict[str, Recipe]:
    """The recipes of the default models and of ResNet50V2, and their drafts."""
    small = ImageInput(height=96, width=96, channels=3, dtype="float32")
    usual = ImageInput(height=224, width=224, channels=3)
    cropped = Preprocessing(
        recipe="pillow", method="crop", interpolation="bicubic", crop_fraction=0.875, in_graph="-"
    )
    stretched = Preprocessing(recipe="tensorflow", method="stretch", in_graph="-")
    return {
        "`pillow`, 224, bicubic, crop .875": build_recipe(usual, cropped),
        "the same, draft": build_recipe(usual, cropped, draft=True),
        "`tensorflow`, 224, bilinear, uint8": build_recipe(usual, stretched),
        "`tensorflow`, 96, bilinear, float32": build_recipe(small, stretched),
    }


def _costs(rounds: int) -> str:
    """Each recipe at each size."""
    works: Mapping[str, Callable[[bytes], object]] = {
        "Pillow alone: resize, then crop": plain_pillow,
        **recipes(),
    }
    columns: list[dict[str, str]] = []
    for size in SIZES:
        data = jpeg_of(SAMPLES / "coffee.jpg", size)
        turns = {name: partial(work, data) for name, work in works.items()}
        wall = interleave(turns, rounds=rounds)["wall"]
        columns.append({n: f"{_ms(np.median(t))} ({_ms(min(t))})" for n, t in wall.items()})
    head = "| | " + " | ".join(f"{w} × {h}" for w, h in SIZES) + " |\n|---|" + "---|" * len(SIZES)
    rows = (f"| {name} | " + " | ".join(c[name] for c in columns) + " |" for name in works)
    return "\n".join([head, *rows])


def _ms(seconds: float) -> str:
    """Milliseconds, to two or three figures."""
    return f"{seconds * 1000:.2f}" if seconds < 0.01 else f"{seconds * 1000:.1f}"  # noqa: PLR2004


def _threads(rounds: int) -> str:
    """How decoding scales."""
    lines = ["| | 500 × 375 | 1920 × 1080 |", "|---|---|---|"]
    pictures = [jpeg_of(SAMPLES / "coffee.jpg", size) for size in (SIZES[0], SIZES[2])]
    with ThreadPoolExecutor(2) as pool:
        for name, recipe in recipes().items():
            gains = (_gain(pool, recipe, data, rounds) for data in pictures)
            lines.append(f"| {name} | " + " | ".join(f"{gain:.2f}" for gain in gains) + " |")
    return "\n".join(lines)


def _gain(pool: ThreadPoolExecutor, recipe: Recipe, data: bytes, rounds: int) -> float:
    """The best rate of two threads over the best of one: other programs only take away."""

    def repeat(_: int) -> None:
        for _ in range(max(2_000_000 // len(data), 3)):
            recipe(data)

    def seconds(threads: int) -> float:
        start = time.perf_counter()
        list(pool.map(repeat, range(threads)))
        return (time.perf_counter() - start) / threads

    pairs = [(seconds(1), seconds(2)) for _ in range(rounds)]
    return min(one for one, _ in pairs) / min(two for _, two in pairs)


def _labels(models: Path) -> str:
    """Drafts against exact pixels, by each default model."""
    pictures = [
        jpeg_of(sample, size, quality)
        for sample in sorted((*SAMPLES.glob("*.jpg"), *SAMPLES.glob("*.png")))
        for size in LARGE
        for quality in (75, 92)
    ]
    lines = ["| model | pictures | same label | largest Δp | mean Δp | time |"]
    lines.append("|---|---|---|---|---|---|")
    repository = Repository(models)
    for name in ("imagenet", "fashion"):  # the latter does not antialias: never drafted
        manifest = (bundle := repository.open(name)).manifest
        classifier = Classifier(bundle)
        exact = classifier.decode
        draft = build_recipe(manifest.input, manifest.preprocessing, draft=True)
        scores: list[np.ndarray] = []
        spent: list[float] = []
        for decode in (exact, draft):
            start = time.thread_time()
            ready = [decode(data) for data in pictures]
            spent.append(time.thread_time() - start)
            scores.append(np.concatenate([classifier.predict(p[np.newaxis]) for p in ready]))
        same = np.mean(scores[0].argmax(axis=1) == scores[1].argmax(axis=1))
        apart = np.abs(scores[0] - scores[1]).max(axis=1)
        lines.append(
            f"| {name} | {len(pictures)} | {same:.1%} | {apart.max():.3f} | {apart.mean():.4f} "
            f"| {spent[1] / spent[0]:.2f} of the exact road's |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
