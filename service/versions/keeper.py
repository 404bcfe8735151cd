"""Keeps what is served in line with the repository: loads beside, flips, lets go."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Executor
from types import TracebackType
from typing import Any, Self, TypeVar

from bundle.errors import ModelNotFoundError
from engine.classifier import Classifier
from engine.sessions import return_memory
from service.loading import Failure, Loaded
from service.predictor import Predictor
from service.settings import Settings
from service.versions.counts import VersionCounts
from service.versions.model_stock import ModelStock
from service.versions.shelf import Shelf
from service.versions.stock import Stock

T = TypeVar("T")

log = logging.getLogger("cutaway")


class Keeper:
    """Serves from `shelves` what the stock holds; use it as an async context manager.

    Everything that takes time is done in the loader's thread, one model at a time; the event loop
    only puts the new shelf in the place of the old one. Versions that are on no shelf any more
    answer those who have them, and go.
    """

    def __init__(
        self,
        settings: Settings,
        shelves: dict[str, Shelf],
        *,
        make: Callable[[Loaded], Predictor],
        loader: Executor,
        counts: VersionCounts,
    ) -> None:
        """Serve nothing yet.

        Args:
            settings: the service's.
            shelves: by the model's name; changed here alone.
            make: puts a loaded version on the slots of its device.
            loader: one thread, in which versions are loaded.
            counts: hears what failed, and what was flipped.
        """
        self.failures: list[Failure] = []
        self.unloaded: set[str] = set()
        self.loading: str | None = None
        self._poll_seconds = settings.poll_seconds
        self._shelves = shelves
        self._make = make
        self._loader = loader
        self._counts = counts
        self._stock = Stock(settings)
        self._one_at_a_time = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Serve what the repository holds, and from now on what it will hold.

        Raises:
            StartupError: see `Stock.fill`.
        """
        await self._note(self._stock.fill)
        for name in sorted(self._stock.models):
            self._put(name)
        if self._poll_seconds:
            self._start(self._poll())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        self._shelves.clear()

    async def refresh(self) -> None:
        """Serve what has changed in the repository since the last look."""
        async with self._one_at_a_time:
            for name in await self._in_thread(self._stock.changed):
                if name not in self.unloaded:
                    await self._update(name)

    async def load(self, name: str) -> list[Failure]:
        """Serve a model as the repository has it now, unloaded before or not; what failed of it.

        What failed before is tried again.

        Raises:
            ModelNotFoundError: the repository has no such model.
        """
        async with self._one_at_a_time:
            await self._in_thread(lambda: self._stock.again(name))
            self.unloaded.discard(name)
            await self._update(name)
            return [failure for failure in self.failures if failure.name == name]

    async def unload(self, name: str) -> None:
        """Stop serving a model until somebody loads it.

        Raises:
            ModelNotFoundError: there is no such model.
        """
        async with self._one_at_a_time:
            if name not in {*self._stock.models, *self.unloaded}:
                raise ModelNotFoundError(f"no model {name[:64]!r} is loaded")
            self.unloaded.add(name)
            self._stock.models.pop(name, None)
            self.failures = self._stock.failures
            self._put(name)

    async def _poll(self) -> None:
        """Look again and again; whatever goes wrong, the next look comes."""
        said = ""
        while True:
            await asyncio.sleep(self._poll_seconds)
            try:
                await self.refresh()
                said = ""
            except Exception as error:
                if said != str(error):  # a disk that hangs is said once, not every two seconds
                    log.exception("the repository cannot be looked through; what is served goes on")
                said = str(error)

    async def _update(self, name: str) -> None:
        """One model: load what is missing, then flip."""
        self.loading = name
        try:
            await self._note(lambda: self._stock.update(name))
        finally:
            self.loading = None
        self._put(name)

    async def _note(self, load: Callable[[], list[Failure]]) -> None:
        """Load something; count and keep what failed."""
        for failure in await self._in_thread(load):
            self._counts.failed(failure)
        self.failures = self._stock.failures

    def _put(self, name: str) -> None:
        """The flip: from one moment to the next requests find what the stock holds."""
        before, stock = self._shelves.get(name), self._stock.models.get(name)
        shelf = self._build(stock, before or ()) if stock is not None else None
        if shelf is None:
            self._shelves.pop(name, None)
        else:
            self._shelves[name] = shelf
            if before is not None and before.default is not shelf.default:
                self._counts.flipped(name)
                log.info("%s: version %s is the default now", *shelf.default.labels)
        for served in before or ():
            if served not in (shelf or ()):
                self._start(_end(served))

    def _build(self, stock: ModelStock, before: Iterable[Predictor]) -> Shelf | None:
        """A shelf of what a model's stock holds; None where that is nothing."""
        default = stock.selection.default
        if default is None:
            return None
        kept: dict[Classifier, Predictor] = {served.classifier: served for served in before}
        versions = {
            version: kept.get(loaded.classifier) or self._make(loaded)
            for version, loaded in stock.loaded.items()
        }
        for served in versions.values():
            served.versions = tuple(versions)
        return Shelf.of(stock.published, default, stock.selection.labels, versions)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Work in the background; a task that nobody holds may be collected before its end."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._loader, call)


async def _end(served: Predictor) -> None:
    """Of a version that nobody finds any more: let it answer whom it has, then let it go."""
    await served.unused()
    await served.close()
    log.info("%s version %s is no longer served", *served.labels)
    del served  # its sessions, too
    await asyncio.to_thread(return_memory)
