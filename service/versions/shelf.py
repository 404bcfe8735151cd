"""One model's versions that are served."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from bundle.aliases import DEFAULT, LATEST
from bundle.errors import ModelNotFoundError
from service.predictor import Predictor


@dataclass(frozen=True, slots=True)
class Shelf:
    """A model's served versions; another shelf takes its place when they change.

    Args:
        published: versions on the disk, ascending, served or not.
        default: answers who names no version.
        labels: of aliases.json, and the version that each finds.
        versions: those that are served, by their numbers, ascending.
        known: the same by what a request may call them: `2`, `stable`, `latest`.
    """

    published: tuple[int, ...]
    default: Predictor
    labels: Mapping[str, int]
    versions: Mapping[int, Predictor]
    known: Mapping[str, Predictor]

    @classmethod
    def of(
        cls,
        published: tuple[int, ...],
        default: int,
        labels: Mapping[str, int],
        versions: Mapping[int, Predictor],
    ) -> Self:
        """A shelf of these versions."""
        names = {LATEST: max(versions), DEFAULT: default, **labels}
        known = {str(version): served for version, served in versions.items()}
        known |= {label: versions[version] for label, version in names.items()}
        return cls(published, versions[default], labels, versions, known)

    def __iter__(self) -> Iterator[Predictor]:
        return iter(self.versions.values())

    def find(self, version: str) -> Predictor:
        """A version by its number or a label.

        Raises:
            ModelNotFoundError: it is not served.
        """
        served = self.known.get(version)
        if served is None:
            name = self.default.manifest.name
            raise ModelNotFoundError(
                f"no version {version[:64]!r} of model {name!r} is served; there are: "
                f"{', '.join(self.known)}"
            )
        return served

    def labels_of(self, served: Predictor) -> list[str]:
        """What else finds a version: `default` and `latest` too, in alphabetical order."""
        number = str(served.manifest.version)
        return sorted(name for name, it in self.known.items() if it is served and name != number)
