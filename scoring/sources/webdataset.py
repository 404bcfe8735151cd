"""WebDataset's way to label a picture in a tar: by members of the same key beside it.

`cats/000017.jpg`, `cats/000017.cls` and `cats/000017.json` share the key `cats/000017`, and follow
one another in the archive.
"""

import json
from dataclasses import dataclass, field
from typing import cast

from scoring.sources.label_values import as_label

MAX_LABEL_BYTES = 1_000_000
"""A larger member says more than a label."""

MAX_PICTURES = 1000
"""Of one key that are kept until its label is known: camera names as `IMG.0001.jpg` share one."""

_FIELDS = ("label", "cls", "class")
"""Where JSON says the class, unless the settings name another field."""


def split_name(name: str) -> tuple[str, str]:
    """The key of a member, and the rest: `cats/17.seg.png` → `cats/17`, `seg.png`."""
    folder, slash, last = name.rpartition("/")
    first, _, rest = last.partition(".")
    return folder + slash + first, rest.lower()


@dataclass(frozen=True, slots=True)
class Found:
    """A picture of a sample: its member, and where that lies."""

    name: str
    offset: int
    size: int


@dataclass(slots=True)
class Sample:
    """The members of one key, as far as they have been seen.

    Args:
        key: see `split_name`.
        pictures: those among them.
        label: what `.cls` or JSON says; None where neither does.
        fields: the names in its JSON.
    """

    key: str
    pictures: list[Found] = field(default_factory=list[Found])
    label: str | None = None
    fields: tuple[str, ...] = ()

    def read_class(self, data: bytes) -> None:
        """Take the label from a `.cls` member: a number or a name."""
        self.label = as_label(data.decode(errors="replace"))

    def read_json(self, data: bytes, column: str | None) -> None:
        """Take the label from a `.json` member, unless it is known.

        Args:
            data: the member; what is not a JSON object says nothing.
            column: the field; None: see `_FIELDS`.
        """
        try:
            parsed: object = json.loads(data)
        except (ValueError, RecursionError):
            return
        if not isinstance(parsed, dict):
            return
        content = cast(dict[str, object], parsed)
        self.fields = tuple(content)
        wanted = (column,) if column else _FIELDS
        said = (as_label(content[name]) for name in wanted if name in content)
        self.label = self.label or next((label for label in said if label), None)
