"""What uploads have done to other services: each with the status and the code that it gets here.

Beside this: sizes and forms in test_bodies, formats and bombs in test_bad_pictures, arrays in
test_arrays, layers and bytes of activations in test_activation_caps, digests in test_loading.
"""

import io
import pickle
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.servers import Server
from tests.service.conftest import encode, picture

PREDICT = "/v1/models/colours/predict"
Refused = Callable[..., dict]
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
REFUSED_FORMATS = {
    "ICO": b"\x00\x00\x01\x00\x01\x00\x10\x10" + bytes(60),
    "PPM": b"P6\n2 2\n255\n" + bytes(12),
    "PSD": b"8BPS\x00\x01" + bytes(60),
    "JPEG 2000": b"\x00\x00\x00\x0cjP  \r\n\x87\n" + bytes(60),
    "AVIF": b"\x00\x00\x00\x20ftypavif" + bytes(60),
    "EPS": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EOF\n",
}


def one_image(answer: httpx.Response) -> dict:
    assert answer.status_code == 200, answer.text
    [result] = answer.json()["results"]
    return result


def test_every_allowed_format_is_answered_whatever_it_is_called(client: httpx.Client) -> None:
    for index, name in enumerate(FORMATS):
        data = encode(picture(index % 3), name)
        for called in ("a.exe", "a.svg", f"a.{name.lower()}"):
            files = {"image": (called, data, "application/x-msdownload")}
            result = one_image(client.post(PREDICT, files=files))
            assert result["image"] == called
            assert result["classes"][0]["label"] == ("red", "green", "blue")[index % 3]


@pytest.mark.parametrize("data", REFUSED_FORMATS.values(), ids=REFUSED_FORMATS)
def test_no_other_format_is_opened_whatever_it_is_called(
    client: httpx.Client, refused: Refused, data: bytes
) -> None:
    answer = client.post(PREDICT, files={"image": ("photo.jpg", data, "image/jpeg")})
    error = refused(answer, 415, "unsupported_image")
    assert "JPEG, PNG, WebP, GIF, BMP or TIFF" in error["message"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_truncated_file_of_every_format_is_400(
    client: httpx.Client, refused: Refused, name: str
) -> None:
    whole = encode(picture(0), name)
    refused(client.post(PREDICT, content=whole[: len(whole) // 3]), 400, "undecodable_image")


def test_a_strip_of_1_by_101_pixels_is_413(client: httpx.Client, refused: Refused) -> None:
    strip = Image.new("RGB", (101, 1), "red")
    error = refused(client.post(PREDICT, content=encode(strip)), 413, "image_too_large")
    assert "100 times" in error["message"]
    assert one_image(client.post(PREDICT, content=encode(strip.resize((100, 1)))))["classes"]


def test_more_than_16_parts_that_are_no_pictures_are_400(
    client: httpx.Client, refused: Refused, pictures: tuple[bytes, ...]
) -> None:
    notes = {f"note{index}": "x" for index in range(16)}
    assert one_image(client.post(PREDICT, files={"image": pictures[0]}, data=notes))["classes"]
    answer = client.post(PREDICT, files={"image": pictures[0]}, data={**notes, "one": "more"})
    assert "more than 16 others" in refused(answer, 400, "malformed_multipart")["message"]


@pytest.mark.parametrize(
    "name",
    ["../../{}/written", "{}/written", "..\\{}\\written", "/{}/written\x00.png", "%2e%2e/{}"],
)
def test_a_name_from_a_client_is_never_a_path_here(
    client: httpx.Client, pictures: tuple[bytes, ...], tmp_path: Path, name: str
) -> None:
    called = name.format(tmp_path)
    boundary = "x" * 20
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="image"; filename="{called}"'
    body = head.encode() + b"\r\n\r\n" + pictures[0] + f"\r\n--{boundary}--\r\n".encode()
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    assert one_image(client.post(PREDICT, content=body, headers=headers))["classes"]
    assert not list(tmp_path.iterdir())


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize(
    "kind",
    ["application/vnd.bentoml+pickle", "application/python-pickle", "application/octet-stream"],
)
def test_a_pickle_is_415_and_never_opened(
    client: httpx.Client, refused: Refused, tmp_path: Path, kind: str
) -> None:
    flag = tmp_path / "unpickled"
    headers = {"Content-Type": kind, "Payload-Container": "NdarrayContainer", "Args-Number": "1"}
    answer = client.post(PREDICT, content=pickle.dumps(Bomb(flag)), headers=headers)
    refused(answer, 415, "unsupported_image")
    assert not flag.exists()


def test_an_array_of_python_objects_is_400_and_never_opened(
    client: httpx.Client, refused: Refused, tmp_path: Path
) -> None:
    flag, buffer = tmp_path / "unpickled", io.BytesIO()
    np.save(buffer, np.array([Bomb(flag)], dtype=object), allow_pickle=True)
    answer = client.post(PREDICT, content=buffer.getvalue())
    assert "received object" in refused(answer, 400, "invalid_array")["message"]
    assert not flag.exists()


def test_what_a_photo_says_of_its_owner_is_in_no_log(
    client: httpx.Client, server: Server, refused: Refused
) -> None:
    tags = Image.Exif()
    tags[0x010F], tags[0x013B], tags[0x8298] = "SecretCamera", "SecretArtist", "SecretOwner"
    photo = encode(picture(1), "JPEG", exif=tags, comment=b"SecretComment")
    assert photo.count(b"Secret") == 4
    files = {"image": ("SecretName.jpg", photo)}
    assert one_image(client.post(PREDICT, files=files, params={"top_k": 2}))["classes"]
    refused(client.post(PREDICT, content=photo[:400]), 400, "undecodable_image")
    refused(client.post(f"{PREDICT}?SecretQuery=1", content=photo), 400, "invalid_query")
    assert "Secret" not in server.log.read_text(errors="replace")
    assert "Secret" not in client.get("/metrics").text
