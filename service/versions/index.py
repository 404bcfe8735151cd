"""The repository index of the Open Inference Protocol: every version, and whether it is served."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from service.loading import REASONS, Failure
from service.versions.shelf import Shelf

Json = dict[str, Any]

READY, LOADING, UNAVAILABLE = "READY", "LOADING", "UNAVAILABLE"


def repository_index(
    shelves: Mapping[str, Shelf],
    failures: Collection[Failure],
    unloaded: Collection[str],
    loading: str | None,
) -> list[Json]:
    """`name`, `version` where it is one's, `state`, `reason`; by name and version.

    Args:
        shelves: what is served, by the model's name.
        failures: versions that cannot be served.
        unloaded: models that are not served because somebody said so.
        loading: the model that is being loaded.
    """
    failing: dict[str, dict[int | None, str]] = {}
    for failure in failures:
        failing.setdefault(failure.name, {})[failure.version] = REASONS[failure.reason]
    lines: list[Json] = []
    for name in sorted({*shelves, *failing, *unloaded, *({loading} if loading else ())}):
        shelf, reasons = shelves.get(name), failing.get(name, {})
        if shelf is not None:
            lines += _of_shelf(shelf, reasons)
        elif name == loading:
            lines.append(_line(name, None, LOADING, ""))
        elif reasons:
            lines += [_line(name, version, UNAVAILABLE, why) for version, why in reasons.items()]
        else:
            lines.append(_line(name, None, UNAVAILABLE, "unloaded"))
    return lines


def _of_shelf(shelf: Shelf, reasons: Mapping[int | None, str]) -> Iterator[Json]:
    """The versions of a model that is served."""
    name = shelf.default.manifest.name
    for version in sorted({*shelf.published, *shelf.versions}):
        if version in shelf.versions:
            yield _line(name, version, READY, "")
        else:
            why = reasons.get(version, "it is neither the default nor has it a label")
            yield _line(name, version, UNAVAILABLE, why)


def _line(name: str, version: int | None, state: str, reason: str) -> Json:
    number = {} if version is None else {"version": str(version)}
    return {"name": name, **number, "state": state, "reason": reason}
