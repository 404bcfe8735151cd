"""Methods by name, and which parameters of the query each one takes: its function's own."""

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from engine.attribution.methods import METHODS, Method
from service.errors import InvalidQueryError

MethodName = Annotated[str, Field(max_length=64)]
"""As a query brings it; errors quote it."""

GIVEN = frozenset({"layer", "progress", "batch"})
"""Keyword parameters that are no numbers of the method: the service gives them itself."""

RANGES: dict[str, tuple[float, float]] = {
    "samples": (1, 100_000),
    "noise": (0, 10),
    "steps": (1, 500),  # the quadrature's nodes take 0.1 s at 500 and grow with the cube
    "channels": (0, 100_000),
    "patch_pixels": (0, 100_000),
    "stride_pixels": (0, 100_000),
    "seed": (0, 2**63 - 1),
}
"""What is refused before any work; `max_inspect_passes` bounds the work itself."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number or word that a method can be given."""

    name: str
    kind: TypeAdapter[Any]
    default: object


def find_method(name: str) -> Method:
    """A method by its query name; `grad-cam++` also as an unescaped query brings it, with spaces.

    Raises:
        InvalidQueryError: there is none; it names all.
    """
    method = METHODS.get(name.replace(" ", "+").lower())
    if method is None:
        near = difflib.get_close_matches(name, METHODS, 1)
        hint = f"did you mean {near[0]}? there" if near else "there"
        raise InvalidQueryError(
            f"no method {name[:64]!r}; {hint} are: {', '.join(METHODS)}",
            parameter="method",
            received=name,
            methods=list(METHODS),
        )
    return method


@cache
def parameters_of(function: Callable[..., object]) -> Mapping[str, Parameter]:
    """What a method's function can be given from outside, by name."""
    signature = inspect.signature(function, eval_str=True)
    return {
        name: Parameter(name, TypeAdapter(parameter.annotation), parameter.default)
        for name, parameter in signature.parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name not in GIVEN
    }


def takes(method: Method, name: str) -> bool:
    """Whether the method's function has a parameter of this name."""
    return name in inspect.signature(method.function).parameters


def read_parameters(method: Method, asked: Mapping[str, object]) -> dict[str, object]:
    """All parameters of a method: those that were asked for, checked, and the others' defaults.

    Raises:
        InvalidQueryError: one that the method does not have, of another type, or out of range.
    """
    known = parameters_of(method.function)
    values = {name: parameter.default for name, parameter in known.items()}
    for name, value in asked.items():
        if name not in known:
            have = f"it has {', '.join(known)}" if known else "it has none"
            raise InvalidQueryError(
                f"method {method.name} has no parameter {name!r}; {have}",
                parameter=name,
                received=value,
                parameters=list(known),
            )
        values[name] = _read(known[name], value)
    return values


def _read(parameter: Parameter, value: object) -> object:
    """One value, of the function's own type and in range."""
    name = parameter.name
    try:
        read = parameter.kind.validate_python(value)
    except ValidationError as error:
        fault = error.errors()[0]["msg"].lower()
        raise _invalid(name, f"{name}: {fault}; received {value!r}", value) from error
    if name in RANGES and isinstance(read, int | float):
        lowest, highest = RANGES[name]
        if not lowest <= read <= highest:  # NaN is in no range
            message = f"{name}: expected {lowest:g} to {highest:g}, received {read!r}"
            raise _invalid(name, message, value)
    return read


def _invalid(name: str, message: str, received: object) -> InvalidQueryError:
    return InvalidQueryError(message, parameter=name, received=received)
