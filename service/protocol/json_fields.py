"""Fields of the JSON that a request begins with: each is what it should be, or an error says so."""

from collections.abc import Mapping
from typing import Any, cast

import orjson

from service.protocol.errors import ProtocolError, UnsupportedError
from service.protocol.messages import Parameters

Json = Mapping[str, Any]
MAX_RANK = 16
MAX_OBJECTS = 1024
"""Inputs or outputs of a request: more than any network has layers. A million took 3 s."""
_QUOTED = 64
_SHARED = "shared_memory_region"


def read_object(data: bytes | memoryview, where: str) -> Json:
    """The object that these bytes write.

    Raises:
        ProtocolError: no JSON (NaN and infinity are none), or no object.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ProtocolError(f"{where} does not read as JSON: {error}") from error
    return _object(value, where)


def objects(document: Json, key: str) -> list[Json]:
    """A list of objects, or none where the key is missing or null.

    Raises:
        ProtocolError: something else, or more than `MAX_OBJECTS` of them.
    """
    value: object = document.get(key)
    if value is None:
        return []
    entries = _list(value)
    if entries is not None and len(entries) > MAX_OBJECTS:
        raise ProtocolError(
            f"{key!r}: expected at most {MAX_OBJECTS} objects, received {len(entries)}"
        )
    if entries is None:
        raise ProtocolError(f"{key!r}: expected a list of objects, received {quoted(value)}")
    return [_object(entry, f"{key}[{index}]") for index, entry in enumerate(entries)]


def text(entry: Json, key: str, where: str, default: str | None = None) -> str:
    """A string, or its default where the key is missing or null.

    Raises:
        ProtocolError: something else, or it is missing and has no default.
    """
    value = entry.get(key)
    if value is None:
        value = default
    if not isinstance(value, str):
        raise ProtocolError(f"{where}: expected {key!r} to be a string, received {quoted(value)}")
    return value


def shape(entry: Json, where: str) -> tuple[int, ...]:
    """The lengths of a tensor's axes.

    Raises:
        ProtocolError: no list of whole numbers from 0, or more than `MAX_RANK` of them.
    """
    value: object = entry.get("shape")
    lengths = _list(value)
    if lengths is None or len(lengths) > MAX_RANK or not all(map(_is_length, lengths)):
        raise ProtocolError(
            f"{where}: expected 'shape' to be a list of whole numbers, received {quoted(value)}"
        )
    return cast("tuple[int, ...]", tuple(lengths))


def parameters(entry: Json, where: str) -> Parameters:
    """What else is said of the request or of a tensor; none where the key is missing or null.

    Raises:
        ProtocolError: no object of strings, numbers and booleans.
        UnsupportedError: the tensor lies in shared memory.
    """
    value = entry.get("parameters")
    if value is None:
        return {}
    found = _object(value, f"{where}: 'parameters'")
    for name, parameter in found.items():
        if not isinstance(parameter, str | int | float):
            raise ProtocolError(
                f"{where}: expected parameter {name[:_QUOTED]!r} to be a string, a number or a "
                f"boolean, received {quoted(parameter)}"
            )
    if _SHARED in found:
        raise UnsupportedError(f"{where}: shared memory is not supported; send the data itself")
    return cast("Parameters", found)


def count(found: Parameters, name: str, where: str) -> int | None:
    """A parameter that is a whole number from 0; null where it is missing.

    Raises:
        ProtocolError: something else.
    """
    value = found.get(name)
    if value is not None and not _is_length(value):
        raise ProtocolError(
            f"{where}: expected parameter {name!r} to be a whole number from 0, "
            f"received {quoted(value)}"
        )
    return cast("int | None", value)


def flag(found: Parameters, name: str, where: str, *, default: bool) -> bool:
    """A parameter that is true or false.

    Raises:
        ProtocolError: something else.
    """
    value = found.get(name, default)
    if not isinstance(value, bool):
        raise ProtocolError(
            f"{where}: expected parameter {name!r} to be true or false, received {quoted(value)}"
        )
    return value


def quoted(value: object) -> str:
    """The beginning of what a client wrote."""
    written = repr(value) if isinstance(value, str | int | float | bool | None) else "other"
    if isinstance(value, list):
        written = f"a list of {len(cast('list[object]', value))}"
    elif isinstance(value, dict):
        written = "an object"
    return written if len(written) <= _QUOTED else f"{written[:_QUOTED]}…"


def _object(value: object, where: str) -> Json:
    if not isinstance(value, dict):
        raise ProtocolError(f"{where}: expected a JSON object, received {quoted(value)}")
    return cast("Json", value)


def _list(value: object) -> list[object] | None:
    return cast("list[object]", value) if isinstance(value, list) else None


def _is_length(value: object) -> bool:
    """Whether it is a whole number from 0; True is none."""
    return type(value) is int and value >= 0
