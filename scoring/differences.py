"""Whether a run may go on with what another one began."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from scoring.errors import SettingsError
from scoring.settings import JobSettings


def refuse_other_settings(location: str, begun: JobSettings, now: JobSettings) -> None:
    """Return if they are the same.

    Args:
        location: of the output.
        begun: those that it was begun with.
        now: those of this run.

    Raises:
        SettingsError: it names the first one that differs.
    """
    for name, was, wanted in _pairs(begun, now):
        if was != wanted:
            raise SettingsError(
                f"{location} was begun with {name} {was!r}, and this run has {wanted!r}; go on "
                "with the same settings, or use another OUTPUT"
            )


def refuse_other_versions(location: str, begun: dict[str, str], now: dict[str, str]) -> None:
    """Return if they are the same: one output is computed by one set of libraries.

    Raises:
        SettingsError: it names the first one that differs.
    """
    for name in begun | now:
        was, found = begun.get(name, "not installed"), now.get(name, "not installed")
        if was != found:
            raise SettingsError(
                f"{location} was begun with {name} {was}, and here it is {found}, which may give "
                "other numbers; go on where it was begun, or use another OUTPUT"
            )


def _pairs(begun: BaseModel, now: BaseModel, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    """(name, value, value) of every setting, in their order."""
    for name in type(begun).model_fields:
        was, wanted = getattr(begun, name), getattr(now, name)
        if isinstance(was, BaseModel):
            yield from _pairs(was, wanted, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", was, wanted
