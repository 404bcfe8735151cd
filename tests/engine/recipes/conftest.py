"""Pictures of every kind, and the originals that the recipes are held against."""

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg
import skimage
import sklearn
from PIL import Image

PHOTOS = (
    Path(sklearn.__file__).parent / "datasets/images/flower.jpg",
    Path(sklearn.__file__).parent / "datasets/images/china.jpg",
    *(
        Path(skimage.__file__).parent / "data" / name
        for name in (
            *("astronaut.png", "camera.png", "cell.png", "chelsea.png", "clock_motion.png"),
            *("coffee.png", "coins.png", "color.png", "horse.png", "hubble_deep_field.jpg"),
            *("logo.png", "moon.png", "motorcycle_left.png", "no_time_for_that_tiny.gif"),
            *("page.png", "phantom.png", "retina.jpg", "rocket.jpg", "text.png"),
        )
    ),
)

Files = dict[str, bytes]


def encode(image: Image.Image, name: str, **settings: Any) -> bytes:
    """The picture as a file's bytes, by Pillow."""
    stream = BytesIO()
    image.save(stream, name, **settings)
    return stream.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    """A PNG chunk with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def raw_png(size: tuple[int, int], bits: int, colour: int, *extra: bytes) -> bytes:
    """A PNG of random levels in a bit depth and colour type that Pillow cannot write."""
    (width, height), channels = size, {0: 1, 2: 3, 4: 2, 6: 4}[colour]
    rows = np.random.default_rng(bits * 10 + colour)
    body = b"".join(b"\0" + rows.bytes((width * channels * bits + 7) // 8) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    chunks = (chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(body)))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + chunk(b"IEND", b"")


@pytest.fixture(scope="session", name="encode")
def encode_fixture() -> Callable[..., bytes]:
    """(image, Pillow's name of a format, settings) → a file's bytes."""
    return encode


@pytest.fixture(scope="session")
def scene() -> Image.Image:
    """A detail of a photograph, 201 x 137 pixels, no side a multiple of a JPEG block."""
    with Image.open(PHOTOS[0]) as photo:
        return photo.convert("RGB").crop((100, 50, 301, 187))


@pytest.fixture(scope="session")
def photos() -> Files:
    """Real photographs and drawings, 25 x 14 to 1411 x 1411 pixels: JPEG, PNG and GIF."""
    return {path.name: path.read_bytes() for path in PHOTOS}


@pytest.fixture(scope="session")
def jpegs(scene: Image.Image) -> Files:
    """JPEG in every sampling, quality, coding and size."""
    noise = np.random.default_rng(3)
    files = {
        f"{size[0]}x{size[1]} sampling {sampling}": encode(
            Image.fromarray(noise.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)),
            "JPEG",
            subsampling=sampling,
        )
        for size in ((1, 1), (7, 5), (8, 8), (16, 17), (3, 90), (31, 33))
        for sampling in (0, 1, 2)
    }
    files |= {
        f"quality {quality} progressive {progressive} sampling {sampling}": encode(
            scene,
            "JPEG",
            quality=quality,
            progressive=progressive,
            subsampling=sampling,
            optimize=quality > 50,
        )
        for quality in (1, 10, 50, 75, 95, 100)
        for progressive in (False, True)
        for sampling in (0, 1, 2)
    }
    pixels = np.array(scene)
    files |= {
        f"sampling {sampling}": simplejpeg.encode_jpeg(pixels, 80, "RGB", sampling)
        for sampling in ("444", "422", "420", "440", "411")
    }
    rotated = Image.Exif()
    rotated[0x0112] = 6
    return files | {
        "grey": encode(scene.convert("L"), "JPEG"),
        "grey progressive": encode(scene.convert("L"), "JPEG", progressive=True),
        "restart markers": encode(scene, "JPEG", restart_marker_blocks=3),
        "RGB stored": encode(scene, "JPEG", keep_rgb=True),
        "EXIF rotated": encode(scene, "JPEG", exif=rotated),
        "large": encode(scene.resize((2731, 2049)), "JPEG"),
        "stray bytes at the end": encode(scene, "JPEG") + b"left over",
        "stray bytes inside": encode(scene, "JPEG")[:-2] + b"\0\1\2\xff\xd9",
    }


@pytest.fixture(scope="session")
def cmyk_jpegs(scene: Image.Image) -> Files:
    """Four inks: stored inverted as Adobe does, as YCCK, and plainly."""
    adobe = encode(scene.convert("CMYK"), "JPEG", quality=90)
    start = adobe.find(b"\xff\xee")
    end = start + 2 + struct.unpack_from(">H", adobe, start + 2)[0]
    return {
        "Adobe": adobe,
        "YCCK": adobe[: end - 1] + b"\2" + adobe[end:],
        "plain": adobe[:start] + adobe[end:],
    }


@pytest.fixture(scope="session")
def pngs(scene: Image.Image) -> Files:
    """PNG in every mode and depth, interlaced, with transparency, with gamma."""
    alpha = scene.copy()
    alpha.putalpha(scene.convert("L").point(lambda level: 255 - level))
    palette = scene.quantize(61)
    files = {
        f"{bits} bits, colour type {colour}": raw_png((37, 23), bits, colour)
        for bits, colour in ((1, 0), (2, 0), (4, 0), (16, 0), (16, 2), (16, 4), (16, 6))
    }
    return files | {
        "RGB": encode(scene, "PNG"),
        "RGBA": encode(alpha, "PNG"),
        "LA": encode(alpha.convert("LA"), "PNG"),
        "grey": encode(scene.convert("L"), "PNG"),
        "1 bit": encode(scene.convert("1"), "PNG"),
        "palette": encode(palette, "PNG"),
        "palette of 3": encode(scene.quantize(3), "PNG"),
        "palette, one colour transparent": encode(palette, "PNG", transparency=7),
        "palette, each colour so transparent": encode(
            palette, "PNG", transparency=bytes(range(0, 244, 4))
        ),
        "one transparent colour": encode(scene, "PNG", transparency=scene.getpixel((5, 5))),
        "16-bit grey, one transparent": raw_png((19, 8), 16, 0, chunk(b"tRNS", b"\0\7")),
        "1x1": encode(scene.crop((0, 0, 1, 1)), "PNG"),
        "comment and profile": raw_png(
            (9, 5), 8, 2, chunk(b"iCCP", b"broken\0\0no zlib"), chunk(b"tEXt", b"a\0b")
        ),
        "gamma 0.45455": raw_png((61, 40), 8, 2, chunk(b"gAMA", struct.pack(">I", 45455))),
        "gamma 2": raw_png((61, 40), 8, 2, chunk(b"gAMA", struct.pack(">I", 200_000))),
        "gamma 0.97": raw_png((61, 40), 8, 2, chunk(b"gAMA", struct.pack(">I", 97_000))),
        "sRGB": raw_png((61, 40), 8, 2, chunk(b"sRGB", b"\0")),
    }


@pytest.fixture(scope="session")
def gifs(scene: Image.Image) -> Files:
    """GIF still, animated, transparent, and smaller than, or moved on, its screen."""
    still = encode(scene.quantize(64), "GIF")
    frame = still.find(b"\x2c")

    def on_screen(width: int, height: int, left: int, top: int) -> bytes:
        place = struct.pack("<HH", left, top)
        screen = struct.pack("<HH", width, height)
        return still[:6] + screen + still[10 : frame + 1] + place + still[frame + 5 :]

    return {
        "still": still,
        "grey": encode(scene.convert("L"), "GIF"),
        "animated": encode(
            scene, "GIF", save_all=True, append_images=[scene.rotate(90), scene.rotate(180)]
        ),
        "transparent": encode(scene.quantize(16), "GIF", transparency=3),
        "on a larger screen": on_screen(230, 160, 0, 0),
        "moved": on_screen(230, 160, 19, 11),
        "jutting out": on_screen(90, 70, 0, 0),
    }


@pytest.fixture(scope="session")
def bmps(scene: Image.Image) -> Files:
    """BMP that TensorFlow reads: 24 and 32 bits, 8 bits with a palette."""
    alpha = scene.copy()
    alpha.putalpha(99)
    return {
        "24 bits": encode(scene, "BMP"),
        "32 bits": encode(alpha, "BMP"),
        "grey": encode(scene.convert("L"), "BMP"),
        "palette": encode(scene.quantize(200), "BMP"),
    }


@pytest.fixture(scope="session")
def webps(scene: Image.Image) -> Files:
    """WebP that TensorFlow reads: opaque and still."""
    return {
        "lossy": encode(scene, "WEBP"),
        "lossy, 50": encode(scene, "WEBP", quality=50),
        "lossless": encode(scene, "WEBP", lossless=True),
    }


@pytest.fixture(scope="session")
def refused_by_tensorflow(scene: Image.Image) -> Files:
    """Allowed pictures that TensorFlow does not decode to three channels."""
    alpha = scene.copy()
    alpha.putalpha(scene.convert("L"))
    return {
        "TIFF": encode(scene, "TIFF"),
        "TIFF LZW": encode(scene, "TIFF", compression="tiff_lzw"),
        "TIFF grey": encode(scene.convert("L"), "TIFF"),
        "TIFF CMYK": encode(scene.convert("CMYK"), "TIFF"),
        "BMP 1 bit": encode(scene.convert("1"), "BMP"),
        "WebP with alpha": encode(alpha, "WEBP"),
        "WebP with alpha, lossless": encode(alpha, "WEBP", lossless=True, exact=True),
        "WebP animated": encode(
            scene, "WEBP", save_all=True, append_images=[scene.rotate(180)], lossless=True
        ),
    }


@pytest.fixture(scope="session")
def tensorflow_decode() -> Callable[[bytes, int], np.ndarray]:
    """`tf.io.decode_image` as the dataset calls it: (data, channels) → uint8 array."""
    import tensorflow as tf  # noqa: PLC0415 (15 s of CPU, for those who need it)

    def decode(data: bytes, channels: int) -> np.ndarray:
        return tf.io.decode_image(data, channels=channels, expand_animations=False).numpy()

    return decode


@pytest.fixture
def dataset(tmp_path: Path) -> Callable[..., dict[str, np.ndarray]]:
    """`keras.utils.image_dataset_from_directory` over files of these bytes, one array each."""

    def load(files: Files, **settings: Any) -> dict[str, np.ndarray]:
        import keras  # noqa: PLC0415 (15 s of CPU, for those who need it)

        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for index, data in enumerate(files.values()):
            (folder / f"{index:05}.png").write_bytes(data)  # the name's ending means nothing
        settings |= {"labels": None, "batch_size": None, "shuffle": False, "verbose": False}
        pictures = keras.utils.image_dataset_from_directory(folder, **settings)
        return {name: array.numpy() for name, array in zip(files, pictures, strict=True)}

    return load
