"""What is served while the service runs."""

import difflib
import logging
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

from bundle.errors import ModelNotFoundError
from bundle.repository import Repository
from engine.classifier import Classifier
from service.errors import NotReadyError
from service.loading import Failure, Loaded
from service.predictor import Predictor
from service.settings import Settings
from service.slots import device_group, open_slots

log = logging.getLogger("cutaway")


class Catalogue:
    """The served models while the service runs; empty before and after."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._models: dict[str, Predictor] = {}
        self.failures: list[Failure] = []

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """Load everything, serve it, and stop it again once its last answer is out.

        Raises:
            StartupError: see `Loaded.read`.
        """
        loaded = Loaded.read(self._settings)
        self.failures = loaded.failures
        repository = Repository(self._settings.models)
        threads = self._settings.decoders()
        runners = [classifier.runner for classifier in loaded.classifiers.values()]
        async with AsyncExitStack() as stack:
            decoders = stack.enter_context(ThreadPoolExecutor(threads, "decoding"))
            slots = await open_slots(runners, stack)
            for name, classifier in loaded.classifiers.items():
                self._models[name] = Predictor(
                    classifier,
                    repository.versions(name),
                    loaded.curves[name],
                    slots=slots[device_group(classifier.runner.device)],
                    decoders=decoders,
                    settings=self._settings,
                )
                _announce(classifier)
            yield
            self._models = {}

    def __iter__(self) -> Iterator[Predictor]:
        return iter(self._models.values())

    def find(self, name: str, version: str | None = None) -> Predictor:
        """A served model.

        Raises:
            NotReadyError: nothing is loaded now.
            ModelNotFoundError: no such model, or another version of it is served.
        """
        if not self._models:
            raise NotReadyError("the models are not loaded; try again later")
        model = self._models.get(name)
        if model is None:
            near = difflib.get_close_matches(name, self._models) or sorted(self._models)[:10]
            raise ModelNotFoundError(f"no model {name[:64]!r}; nearest: {', '.join(near)}")
        served = str(model.manifest.version)
        if version not in (None, served):
            raise ModelNotFoundError(
                f"model {name!r} is served in version {served}, not {str(version)[:20]!r}"
            )
        return model


def _announce(classifier: Classifier) -> None:
    """Say at the start what runs where, how, and why nowhere else."""
    runner, manifest = classifier.runner, classifier.manifest
    log.info(
        "serving %s version %d on %s in %s: %s",
        manifest.name,
        manifest.version,
        runner.device,
        runner.precision,
        runner.describe(),
    )
    for device, reason in classifier.refused.items():
        log.debug("%s does not run on %s: %s", manifest.name, device, reason)
