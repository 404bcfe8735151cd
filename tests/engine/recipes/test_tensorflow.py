from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image

from bundle.manifest import ImageInput, Preprocessing
from engine.images import ImageLimits
from engine.recipes import build_recipe

Files = dict[str, bytes]
Dataset = Callable[..., dict[str, np.ndarray]]
METHODS: dict[str, dict[str, Any]] = {
    "stretch": {},
    "crop": {"crop_to_aspect_ratio": True},
    "pad": {"pad_to_aspect_ratio": True},
}
TARGETS = ((96, 128), (128, 96), (65, 224))


def recipe(height: int, width: int, channels: Any = 3, dtype: Any = "float32", **asked: Any) -> Any:
    spec = ImageInput(height=height, width=width, channels=channels, dtype=dtype)
    asked = {"recipe": "tensorflow", "method": "stretch", "in_graph": "nothing"} | asked
    return build_recipe(spec, Preprocessing(**asked), ImageLimits(max_aspect=1000))


def worst(ours: dict[str, np.ndarray], theirs: dict[str, np.ndarray]) -> float:
    for name, picture in theirs.items():
        assert ours[name].shape == picture.shape, name
    return max(float(np.abs(ours[name] - theirs[name].astype(float)).max()) for name in theirs)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("interpolation", ["nearest", "bilinear", "bicubic", "area"])
def test_pictures_arrive_as_the_dataset_loads_them(
    request: pytest.FixtureRequest, dataset: Dataset, method: str, interpolation: str
) -> None:
    kinds = ("photos", "jpegs", "cmyk_jpegs", "pngs", "gifs", "bmps", "webps")
    files: Files = {
        f"{kind}: {name}": data
        for kind in kinds
        for name, data in request.getfixturevalue(kind).items()
        if kind in ("photos", "cmyk_jpegs") or interpolation == "bilinear"
    }
    size = TARGETS[list(METHODS).index(method)]
    theirs = dataset(files, image_size=size, interpolation=interpolation, **METHODS[method])
    ours = recipe(*size, method=method, interpolation=interpolation)
    tolerance = {"area": 0.02, "bicubic": 1e-3}.get(interpolation, 0)
    assert worst({name: ours(data) for name, data in files.items()}, theirs) <= tolerance


def test_lanczos_is_the_datasets_lanczos3(photos: Files, dataset: Dataset) -> None:
    theirs = dataset(photos, image_size=(70, 99), interpolation="lanczos3")
    ours = recipe(70, 99, interpolation="lanczos")
    assert worst({name: ours(data) for name, data in photos.items()}, theirs) <= 1e-3


@pytest.mark.parametrize("method", METHODS)
def test_grey_models_get_what_the_dataset_gives_them(
    photos: Files, jpegs: Files, pngs: Files, dataset: Dataset, method: str
) -> None:
    files = {name: data for name, data in photos.items() if not name.endswith("gif")}
    files |= {n: d for n, d in (jpegs | pngs).items() if "16 bits" not in n}
    theirs = dataset(files, image_size=(90, 61), color_mode="grayscale", **METHODS[method])
    ours = recipe(90, 61, channels=1, method=method)
    assert worst({name: ours(data) for name, data in files.items()}, theirs) == 0


@pytest.mark.parametrize("method", ["crop", "pad"])
def test_any_shape_is_cropped_and_padded_to_the_pixel_as_keras_does(
    encode: Callable[..., bytes], dataset: Dataset, method: str
) -> None:
    """Nearest neighbours of noise: one row or column off would show as a large difference."""
    noise = np.random.default_rng(5)
    for target in ((150, 150), (97, 3), (64, 64), (31, 97), (50, 75), (7, 5), (33, 11), (90, 70)):
        sizes = [tuple(size) for size in noise.integers(1, 260, (60, 2))]
        if method == "pad":  # where less than a pixel would be left, TensorFlow fails
            scales = [min(t / s for s, t in zip(z, target, strict=True)) for z in sizes]
            sizes = [z for z, scale in zip(sizes, scales, strict=True) if min(z) * scale >= 1.001]
        files = {
            str(size): encode(
                Image.fromarray(noise.integers(1, 256, (*size, 3), dtype=np.uint8)), "BMP"
            )
            for size in sizes
        }
        theirs = dataset(files, image_size=target, interpolation="nearest", **METHODS[method])
        ours = recipe(*target, method=method, interpolation="nearest")
        assert worst({name: ours(data) for name, data in files.items()}, theirs) == 0, target


def test_a_narrow_strip_keeps_a_pixel_when_padded(encode: Callable[..., bytes]) -> None:
    strip = encode(Image.new("RGB", (90, 1), "white"), "PNG")
    padded = recipe(8, 40, method="pad")(strip)
    assert (padded[3] == 255).all()
    assert padded.sum() == 40 * 3 * 255


def test_uint8_is_the_float_result_rounded_half_to_even_and_clipped(photos: Files) -> None:
    for interpolation in ("bilinear", "bicubic", "nearest"):
        exact = recipe(96, 61, interpolation=interpolation)(photos["coffee.png"])
        whole = recipe(96, 61, dtype="uint8", interpolation=interpolation)(photos["coffee.png"])
        assert whole.dtype == np.uint8
        assert np.array_equal(whole, np.clip(np.round(exact), 0, 255))
    assert np.unique(exact % 1).tolist() == [0]


def test_half_levels_go_to_the_even_one(encode: Callable[..., bytes]) -> None:
    steps = Image.fromarray(np.array([[[0] * 3, [1] * 3, [2] * 3, [5] * 3]], np.uint8))
    halves = recipe(1, 2, dtype="uint8")(encode(steps, "PNG"))
    assert halves[0, :, 0].tolist() == [0, 4]  # 0.5 and 3.5


def test_exif_orientation_is_ignored_unless_the_manifest_asks(
    scene: Image.Image, encode: Callable[..., bytes]
) -> None:
    for orientation, turn in {3: "ROTATE_180", 6: "ROTATE_270", 7: "TRANSVERSE"}.items():
        exif = Image.Exif()
        exif[0x0112] = orientation
        data = encode(scene, "PNG", exif=exif)
        upright = encode(scene.transpose(Image.Transpose[turn]), "PNG")
        for channels in (1, 3):
            ignoring = recipe(40, 61, channels)
            applying = recipe(40, 61, channels, exif="apply")
            assert np.array_equal(ignoring(data), ignoring(encode(scene, "PNG")))
            assert np.array_equal(applying(data), ignoring(upright))


def test_a_tiff_is_turned_once(scene: Image.Image, encode: Callable[..., bytes]) -> None:
    data = encode(scene, "TIFF", tiffinfo={0x0112: 6})
    upright = encode(scene.transpose(Image.Transpose.ROTATE_270), "PNG")
    assert np.array_equal(recipe(40, 61, exif="apply")(data), recipe(40, 61)(upright))


def test_a_stated_background_shows_through(encode: Callable[..., bytes]) -> None:
    clear = encode(Image.new("RGBA", (9, 5), (200, 0, 0, 0)), "PNG")
    assert recipe(4, 6)(clear)[0, 0].tolist() == [200, 0, 0]
    assert recipe(4, 6, background=(1, 2, 3))(clear)[0, 0].tolist() == [1, 2, 3]
