"""What is loaded of all models."""

import logging

from bundle.errors import ModelNotFoundError
from bundle.repository import Repository
from service.loading import Failure, StartupError
from service.settings import Settings
from service.versions.model_stock import ModelStock

log = logging.getLogger("cutaway")

EXPORT = "python -m export convert MODEL --name N"


class Stock:
    """Every model's loaded versions, by its name; its methods are called in a thread, one at a
    time."""

    def __init__(self, settings: Settings, *, measure: bool = True) -> None:
        """Load nothing yet.

        Args:
            settings: where the models lie, and how they are to run.
            measure: time what is loaded; without, it is only tried whether it runs.
        """
        self.models: dict[str, ModelStock] = {}
        self._settings = settings
        self._measure = measure
        self._repository = Repository(settings.models)
        self._lost = False

    def fill(self) -> list[Failure]:
        """At the start: load what is to be served of every model; what failed.

        Raises:
            StartupError: no folder, no model in it, none that opens, or a device or a precision
                is set that is not to be had.
        """
        root = self._settings.models
        if not root.is_dir():
            raise StartupError(
                f"no folder {root}; set CUTAWAY_MODELS to your models, or export one: {EXPORT}"
            )
        names = self._repository.names()
        if not names:
            raise StartupError(f"no model in {root}; export one: {EXPORT}")
        failures = [failure for name in names for failure in self._of(name).update(starting=True)]
        if not any(model.selection.versions for model in self.models.values()):
            raise StartupError(f"none of the models in {root} opens: see above")
        return failures

    def changed(self) -> list[str]:
        """Models whose files are not as they were at their last update; new and gone ones too.

        A repository without any model is taken for a disk that is not there: nothing has changed.
        """
        names = self._repository.names()
        if not names:
            if not self._lost:
                log.error("no model in %s any more; what is served goes on", self._settings.models)
            self._lost = True
            return []
        self._lost = False
        changed = [name for name in names if self._of(name).changed()]
        return changed + [name for name in self.models if name not in names]

    def update(self, name: str) -> list[Failure]:
        """Load what is to be served of a model; what failed. A model that is gone is forgotten."""
        model = self._of(name)
        failures = model.update()
        if not model.published:
            del self.models[name]
        return failures

    def again(self, name: str) -> None:
        """Try at the next update what failed of a model.

        Raises:
            ModelNotFoundError: the repository has no such model.
        """
        names = self._repository.names()
        if name not in names:
            raise ModelNotFoundError(
                f"the repository has no model {name[:64]!r}; there are: {', '.join(names)}"
            )
        self._of(name).forgive()

    @property
    def failures(self) -> list[Failure]:
        """What cannot be served now."""
        return [failure for _, model in sorted(self.models.items()) for failure in model.failures]

    def _of(self, name: str) -> ModelStock:
        """The model's, empty where it is new."""
        if name not in self.models:
            self.models[name] = ModelStock(
                self._repository, name, self._settings, measure=self._measure
            )
        return self.models[name]
