"""Frozen names: what a layer is called for ever, whatever else was built in its process.

Keras numbers the layers that nobody named through the whole process: the second InceptionV3 of a
notebook begins at `conv2d_94`. The rule here makes the number depend on the model alone:

1. A name counts as given by Keras when it is the class's own (`conv2d` of Conv2D), with or without
   a number after it; `input_1` and `model_1`, as Keras 2 had them, count too.
2. Inside one model, the layers of one such stem are numbered again from nothing (`conv2d`,
   `conv2d_1`, …) in the order of their old numbers, which is the order in which they were created.
3. Every other name was given by a person, stays as it is, and is never taken by rule 2.
"""

import re
from collections.abc import Iterable, Iterator

import keras

# Keras 2 named these two classes otherwise than by their snake case.
KERAS2_STEMS = {"InputLayer": "input", "Functional": "model"}
NUMBERED = re.compile(r"(.+?)(?:_(\d+))?")


def frozen_names(operations: Iterable[keras.Operation]) -> dict[int, str]:
    """`id(operation)` → the frozen name, for the operations of one model."""
    given: dict[int, str] = {}
    automatic: dict[str, list[tuple[int, int]]] = {}
    for operation in operations:
        found = _automatic(operation)
        if found is None:
            given[id(operation)] = operation.name
        else:
            stem, number = found
            automatic.setdefault(stem, []).append((number, id(operation)))
    taken = set(given.values())
    names = dict(given)
    for stem, members in automatic.items():
        free = _numbered(stem, taken)
        for _, key in sorted(members):
            names[key] = next(free)
    return names


def _automatic(operation: keras.Operation) -> tuple[str, int] | None:
    """Stem and number of a name that Keras gave; None where a person gave it."""
    match = NUMBERED.fullmatch(operation.name)
    if match is None:
        return None
    kind = type(operation).__name__
    stems = {_snake_case(kind), KERAS2_STEMS.get(kind)}
    if match[1] not in stems:
        return None
    # A stem of Keras 2 becomes today's, so that .h5 and .keras files of one model agree.
    return _snake_case(kind), int(match[2] or 0)


def _numbered(stem: str, taken: set[str]) -> Iterator[str]:
    """stem, stem_1, stem_2, … without the names that are taken."""
    number = 0
    while True:
        name = f"{stem}_{number}" if number else stem
        number += 1
        if name not in taken:
            yield name


def _snake_case(name: str) -> str:
    """Conv2D → conv2d, InputLayer → input_layer: Keras's own rule for automatic names."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
