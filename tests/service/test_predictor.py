"""One served model, without a server around it."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from bundle.repository import Bundle
from engine.classifier import Classifier
from service.errors import NotReadyError
from service.predictor import Predictor
from service.settings import Settings
from service.slots import DeviceSlots


def test_who_comes_while_the_service_stops_is_told_to_try_again(
    colours: Bundle, colour_pictures: np.ndarray
) -> None:
    async def ask() -> None:
        classifier = Classifier(colours, measure=False)
        with ThreadPoolExecutor(1) as decoders:
            async with DeviceSlots() as devices:
                slots = devices.of(classifier.runner)
                served = Predictor(
                    classifier, {1: 0.01}, slots=slots, decoders=decoders, settings=Settings()
                )
                answer = await served.predict(colour_pictures, top_k=1, timeout_ms=10_000)
            labels = [result["classes"][0]["label"] for result in answer["results"]]
            assert labels == ["red", "green", "blue"]
            with pytest.raises(NotReadyError, match="stopping"):
                await served.predict(colour_pictures, top_k=1, timeout_ms=10_000)

    asyncio.run(ask())
