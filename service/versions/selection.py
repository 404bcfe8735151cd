"""Which versions of a model are to be served."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bundle.aliases import DEFAULT


@dataclass(frozen=True, slots=True)
class Selection:
    """One model's versions to be served: the default's and those with a label; None: nothing."""

    default: int | None = None
    labels: Mapping[str, int] = field(default_factory=dict[str, int])

    @property
    def versions(self) -> list[int]:
        """All of them, ascending."""
        numbers = (self.default, *self.labels.values())
        return sorted({number for number in numbers if number is not None})


def select(
    published: Sequence[int],
    aliases: Mapping[str, int],
    before: Selection,
    usable: Callable[[int], bool],
) -> Selection:
    """What is to be served; what cannot be leaves the version that had its place before.

    Args:
        published: versions on the disk, ascending; of a model without any nothing is served.
        aliases: labels → versions; that of `default` may be missing.
        before: what was served until now.
        usable: tries a version, and says whether it can be served.
    """
    if not published:
        return Selection()
    asked = aliases.get(DEFAULT)
    default = next(filter(usable, _candidates(published, asked, before.default)), None)
    labels: dict[str, int] = {}
    for label, version in aliases.items():
        places = () if label == DEFAULT else (version, before.labels.get(label))
        found = next((v for v in places if v is not None and usable(v)), None)
        if found is not None:
            labels[label] = found
    return Selection(default, labels)


def _candidates(published: Sequence[int], asked: int | None, before: int | None) -> Iterable[int]:
    """Versions that may be the default, the best first.

    Where one was asked for that cannot be served, an older one comes before a newer: a canary is
    not promoted by the failure of the version that it is compared with.
    """
    downwards = sorted(published, reverse=True)
    order = [*downwards, before]
    if asked is not None:
        order = [asked, before, *sorted(downwards, key=lambda version: version > asked)]
    return dict.fromkeys(version for version in order if version is not None)
