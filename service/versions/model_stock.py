"""What is loaded of one model, and what of it is to be served."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from bundle.aliases import ALIASES, read_aliases
from bundle.errors import AliasesError
from bundle.repository import Repository
from engine.errors import DeviceError, PrecisionError
from service.loading import Failure, Loaded, StartupError, load_version, reason_of
from service.settings import Settings
from service.versions.selection import Selection, select
from service.versions.stamps import Stamp, stamp

log = logging.getLogger("cutaway")


@dataclass(frozen=True, slots=True)
class Held:
    """A loaded version, and its files as they were before."""

    loaded: Loaded
    files: Stamp


@dataclass(frozen=True, slots=True)
class Refused:
    """A version that failed, and its files as they were: it is not tried again as they are."""

    failure: Failure
    files: Stamp


class ModelStock:
    """One model's loaded versions. Its methods take seconds, and are called in a thread.

    `selection` is to be served, `published` are the versions on the disk, ascending.
    """

    def __init__(
        self, repository: Repository, name: str, settings: Settings, *, measure: bool = True
    ) -> None:
        self.selection = Selection()
        self.published: tuple[int, ...] = ()
        self._repository = repository
        self._name = name
        self._settings = settings
        self._measure = measure
        self._starting = False
        self._aliases: dict[str, int] = {}
        self._aliases_file: Stamp = ()
        self._held: dict[int, Held] = {}
        self._refused: dict[int | None, Refused] = {}

    @property
    def loaded(self) -> Mapping[int, Loaded]:
        """The versions of the selection, by their numbers."""
        return {version: self._held[version].loaded for version in self.selection.versions}

    @property
    def failures(self) -> list[Failure]:
        """What cannot be served; the highest version last."""
        return [
            self._refused[key].failure for key in sorted(self._refused, key=lambda key: key or 0)
        ]

    def changed(self) -> bool:
        """Whether the disk is not as it was when `update` looked."""
        if (self.published, self._aliases_file) != (self._versions(), self._stamp(None)):
            return True
        tried: dict[int | None, Stamp] = {key: held.files for key, held in self._held.items()}
        tried |= {key: refused.files for key, refused in self._refused.items()}
        return any(files != self._stamp(key) for key, files in tried.items())

    def update(self, *, starting: bool = False) -> list[Failure]:
        """Load what is to be served; what fails leaves what was served before in its place.

        Args:
            starting: nothing is served yet, and settings that this machine cannot fulfil are the
                service's end.

        Returns:
            What failed now.

        Raises:
            StartupError: a device or a precision is set that is not to be had.
        """
        self._starting = starting
        before = dict(self._refused)
        self.published, self._aliases_file = self._versions(), self._stamp(None)
        self._read_aliases()
        self.selection = select(self.published, self._aliases, self.selection, self._usable)
        self._held = {version: self._held[version] for version in self.selection.versions}
        known = {None, *self.published, *self._aliases.values()}
        self._refused = {key: it for key, it in self._refused.items() if key in known}
        return [it.failure for key, it in self._refused.items() if it is not before.get(key)]

    def forgive(self) -> None:
        """Try again at the next update what failed."""
        self._refused.clear()

    def _read_aliases(self) -> None:
        """Those of before go on where the file cannot be used; a half-written one is read again."""
        try:
            self._aliases = read_aliases(self._repository.root / self._name)
        except AliasesError as error:
            self._refuse(None, self._aliases_file, error)
        else:
            self._refused.pop(None, None)

    def _usable(self, version: int) -> bool:
        """Whether it can be served, as it is on the disk or as it was when it was loaded."""
        files = self._stamp(version)
        tried = self._refused.get(version) or self._held.get(version)
        if tried is None or tried.files != files:
            self._load(version, files)
        return version in self._held

    def _load(self, version: int, files: Stamp) -> None:
        """Put it beside what is held, or note that it failed."""
        try:
            loaded = load_version(
                self._repository, self._name, version, self._settings, measure=self._measure
            )
        except (DeviceError, PrecisionError) as error:
            if self._starting:
                raise StartupError(_settings_words(self._name, version, error)) from error
            self._refuse(version, files, error)
        except Exception as error:  # noqa: BLE001  whatever it is, the other versions go on
            self._refuse(version, files, error)
        else:
            self._held[version] = Held(loaded, files)
            self._refused.pop(version, None)

    def _refuse(self, version: int | None, files: Stamp, error: Exception) -> None:
        """Note a failure, and say it once."""
        tried = self._refused.get(version)
        if tried is not None and tried.files == files:
            return
        failure = Failure(self._name, version, reason_of(error))
        self._refused[version] = Refused(failure, files)
        what = f"{self._name} version {version}" if version else f"what is new of {self._name}"
        traceback = error if failure.reason == "internal" else None
        log.error("%s is not served: %s", what, error, exc_info=traceback)

    def _versions(self) -> tuple[int, ...]:
        return tuple(self._repository.versions(self._name))

    def _stamp(self, version: int | None) -> Stamp:
        """Of a version's files, or of the aliases'."""
        return stamp(self._repository.root / self._name / (str(version) if version else ALIASES))


def _settings_words(name: str, version: int, error: Exception) -> str:
    """A precision is a version's own, a device this machine's."""
    return f"{name} version {version}: {error}" if isinstance(error, PrecisionError) else str(error)
