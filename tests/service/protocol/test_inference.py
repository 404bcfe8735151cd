"""The protocol's inference without a server around it: keys, leaving clients, decoding apart."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from bundle.repository import Bundle
from engine.errors import UnsupportedImageError
from engine.runners.host import HostRunner
from service.catalogue import Catalogue
from service.errors import ForbiddenError
from service.inspection import Inspection
from service.key_file import Scope, new_key
from service.keys import Keys
from service.metrics import Metrics
from service.protocol.inference import Inference
from service.protocol.messages import InferRequest, Tensor, WantedOutput
from service.settings import Settings

Ask = Callable[[Inference], Awaitable[None]]
POOL = [WantedOutput("pool", binary=True)]


def request(tensor: Tensor, outputs: list[WantedOutput] | None = None) -> InferRequest:
    return InferRequest("colours", None, "", {}, [tensor], outputs, binary=True)


async def nobody_leaves() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def already_left() -> Message:
    return {"type": "http.disconnect"}


@asynccontextmanager
async def opened(models: Path) -> AsyncGenerator[Inference]:
    settings, metrics = Settings(models=models), Metrics()
    catalogue = Catalogue(settings)
    async with catalogue.open(), Inspection(settings, metrics) as inspection:
        yield Inference(catalogue, inspection, metrics, settings)


def inside(colours: Bundle, ask: Ask) -> None:
    async def run() -> None:
        async with opened(colours.folder.parents[1]) as inference:
            await ask(inference)

    asyncio.run(run())


def test_layers_need_a_key_that_may_look_inside(
    colours: Bundle, colour_pictures: np.ndarray, tmp_path: Path
) -> None:
    token, line = new_key("someone", [Scope.PREDICT])
    (tmp_path / "keys").write_text(line)
    pixels = Tensor.of_array("pixels", colour_pictures)

    async def ask(inference: Inference) -> None:
        response = await inference.infer(request(pixels, POOL), nobody_leaves)
        assert [tensor.name for tensor in response.outputs] == ["pool"]
        Keys(tmp_path / "keys").check(f"Bearer {token}", Scope.PREDICT)
        response = await inference.infer(request(pixels), nobody_leaves)
        assert [tensor.name for tensor in response.outputs] == ["predictions"]
        with pytest.raises(ForbiddenError, match="expected a key that may inspect"):
            await inference.infer(request(pixels, POOL), nobody_leaves)

    inside(colours, ask)


@pytest.mark.parametrize("outputs", [None, POOL])
def test_work_ends_with_its_client(
    colours: Bundle, colour_pictures: np.ndarray, outputs: list[WantedOutput] | None
) -> None:
    pixels = Tensor.of_array("pixels", colour_pictures)

    async def ask(inference: Inference) -> None:
        with pytest.raises(ClientDisconnect):
            await inference.infer(request(pixels, outputs), already_left)

    inside(colours, ask)


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("outputs", [None, POOL])
def test_a_bad_picture_is_named_wherever_it_is_decoded(
    colours: Bundle,
    pictures: tuple[bytes, ...],
    monkeypatch: pytest.MonkeyPatch,
    apart: bool,
    outputs: list[WantedOutput] | None,
) -> None:
    monkeypatch.setattr(HostRunner, "decodes_apart", apart)

    async def ask(inference: Inference) -> None:
        good = Tensor.of_elements("image", (3,), list(pictures))
        [answered] = (await inference.infer(request(good, outputs), nobody_leaves)).outputs
        assert isinstance(answered.values, np.ndarray)
        assert answered.values.argmax(axis=1).tolist() == [0, 1, 2]
        bad = Tensor.of_elements("image", (3,), [pictures[0], b"bad", b"worse"])
        with pytest.raises(UnsupportedImageError, match=r"^picture 1: these bytes are not"):
            await inference.infer(request(bad, outputs), nobody_leaves)

    inside(colours, ask)
