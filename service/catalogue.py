"""What is served while the service runs."""

import difflib
import logging
from collections.abc import AsyncGenerator, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

from bundle.errors import ModelNotFoundError
from service.errors import NotReadyError, VersionFailedError
from service.families import Family
from service.loading import Failure, Loaded
from service.predictor import Predictor
from service.settings import Settings
from service.slots import DeviceSlots
from service.versions.counts import VersionCounts
from service.versions.index import READY, Json, repository_index
from service.versions.keeper import Keeper
from service.versions.shelf import Shelf

log = logging.getLogger("cutaway")


class Catalogue:
    """The served versions of the models while the service runs; empty before and after."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._shelves: dict[str, Shelf] = {}
        self._keeper: Keeper | None = None
        self._counts = VersionCounts(lambda: self.failures)

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[None]:
        """Load everything, serve it, and stop it again once its last answer is out.

        Raises:
            StartupError: see `Stock.fill`.
        """
        async with AsyncExitStack() as stack:
            loader = stack.enter_context(ThreadPoolExecutor(1, "loading"))
            threads = self._settings.decoders()
            decoders = stack.enter_context(ThreadPoolExecutor(threads, "decoding"))
            slots = await stack.enter_async_context(DeviceSlots())
            self._keeper = Keeper(
                self._settings,
                self._shelves,
                make=lambda loaded: self._make(loaded, slots, decoders),
                loader=loader,
                counts=self._counts,
            )
            await stack.enter_async_context(self._keeper)
            yield

    def __iter__(self) -> Iterator[Predictor]:
        """Every served version, by the model's name and its number."""
        return (served for _, shelf in sorted(self._shelves.items()) for served in shelf)

    @property
    def shelves(self) -> Mapping[str, Shelf]:
        """What is served of each model, by its name."""
        return self._shelves

    @property
    def failures(self) -> list[Failure]:
        """Versions that are to be served and cannot be."""
        return self._keeper.failures if self._keeper is not None else []

    def families(self) -> list[Family]:
        """What Prometheus is shown of versions that come and go."""
        return self._counts.families

    def find(self, name: str, version: str | None = None) -> Predictor:
        """A served version; to await something with it, hold it:

            with catalogue.find(name) as served:
                await ...

        Args:
            name: of the model.
            version: a number or a label; null for the default.

        Raises:
            NotReadyError: nothing is loaded now.
            ModelNotFoundError: no such model, or no such version of it is served.
        """
        shelf = self._shelves.get(name)
        if shelf is not None:
            return shelf.default if version is None else shelf.find(version)
        if not self._shelves:
            raise NotReadyError("no model is loaded; try again later")
        near = difflib.get_close_matches(name, self._shelves) or sorted(self._shelves)[:10]
        raise ModelNotFoundError(f"no model {name[:64]!r}; nearest: {', '.join(near)}")

    async def load(self, name: str) -> None:
        """Serve a model as the repository has it now, also one that was unloaded.

        Raises:
            NotReadyError: the service does not run.
            ModelNotFoundError: the repository has no such model.
            VersionFailedError: a version of it cannot be served; what was before is.
        """
        failures = await self._running().load(name)
        if failures:
            raise VersionFailedError("; ".join(map(str, failures)))

    async def unload(self, name: str) -> None:
        """Stop serving a model, until `load`; requests that have it are answered.

        Raises:
            NotReadyError: the service does not run.
            ModelNotFoundError: there is no such model.
        """
        await self._running().unload(name)

    def index(self, *, ready: bool = False) -> list[Json]:
        """Every version's state, as the Open Inference Protocol has it.

        Args:
            ready: those that are served alone.

        Raises:
            NotReadyError: the service does not run.
        """
        keeper = self._running()
        lines = repository_index(self._shelves, keeper.failures, keeper.unloaded, keeper.loading)
        return [line for line in lines if not ready or line["state"] == READY]

    def _running(self) -> Keeper:
        if self._keeper is None:
            raise NotReadyError("the models are not loaded; try again later")
        return self._keeper

    def _make(self, loaded: Loaded, slots: DeviceSlots, decoders: Executor) -> Predictor:
        """A loaded version on the slots of its device; the log says what runs where, and how."""
        classifier = loaded.classifier
        name, version = classifier.manifest.name, classifier.manifest.version
        for device, reason in classifier.refused.items():
            log.debug("%s does not run on %s: %s", name, device, reason)
        runner = classifier.runner
        words = (name, version, runner.device, runner.precision, runner.describe())
        log.info("serving %s version %d on %s in %s: %s", *words)
        return Predictor(
            classifier,
            loaded.curve,
            slots=slots.of(runner),
            decoders=decoders,
            settings=self._settings,
        )
