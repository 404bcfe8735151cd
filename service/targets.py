"""The query's target: which number of the network the sensitivity is of.

    top1                          each picture's own best class
    class:8, 8                    a class by its id
    label:bag                     a class by its label
    channel:LAYER:INDEX           a channel of a layer, or a unit of a dense one
    neuron:LAYER:Y:X:CHANNEL      one position of a channel

Numbers are split off from the right: a layer's path may hold `:` and `/`.
"""

import difflib
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from bundle.manifest import Manifest
from engine.layers import check_channel, find_layer
from engine.targets import ChannelTarget, ClassTarget, Score, Target
from service.errors import InvalidTargetError

FORMS = "top1, class:ID, label:NAME, channel:LAYER:INDEX or neuron:LAYER:Y:X:CHANNEL"
_NEAREST = 3

TargetText = Annotated[str, Field(max_length=1024)]
"""As a query brings it: the longest label or path of a layer fits, and errors quote it."""

Seed = Literal["one", "activation"]
"""How each position of a channel counts; see `engine.targets.ChannelTarget`."""


def read_target(
    text: str,
    manifest: Manifest,
    *,
    score: Score | None = None,
    seed: Seed | None = None,
) -> Target:
    """The engine's target for a query.

    Args:
        text: one of the five forms.
        manifest: of the model that is asked.
        score: of a class target; None is `logit`.
        seed: of a channel target; None is `one`.

    Raises:
        InvalidTargetError: another form, no such class or label, or `score` or `seed` where it
            says nothing.
        LayerNotFoundError, ChannelNotFoundError: as they say.
    """
    kind, _, rest = text.partition(":")
    if kind in ("channel", "neuron"):
        if score is not None:
            raise _invalid(
                f"score={score} is of a class, and {text[:64]!r} is none; leave it out", score
            )
        return _read_channel(kind, rest, text, manifest, seed or "one")
    if seed is not None:
        raise _invalid(
            f"seed={seed} is of a channel or neuron, not of {text[:64]!r}; leave it out", seed
        )
    return _read_class(kind, rest, text, manifest, score or "logit")


def target_text(target: Target) -> str:
    """A resolved target as the query writes it; `top1` where each picture has its own."""
    if isinstance(target, ClassTarget):
        ids = set(target.class_ids or ())
        return f"class:{ids.pop()}" if len(ids) == 1 else "top1"
    if target.position is None:
        return f"channel:{target.layer}:{target.channel}"
    y, x = target.position
    return f"neuron:{target.layer}:{y}:{x}:{target.channel}"


def _read_class(kind: str, rest: str, text: str, manifest: Manifest, score: Score) -> ClassTarget:
    """`top1`, `class:8`, `8` or `label:bag`."""
    if score == "probability" and manifest.output.score != "probability":
        raise _invalid(
            f"model {manifest.name} answers bare logits and has no probability; ask score=logit",
            score,
        )
    if text == "top1":
        return ClassTarget(score=score)
    if kind == "label" and rest:
        return ClassTarget((_class_of(rest, manifest.labels),), score)
    number = rest if kind == "class" else text
    if not _is_number(number):
        raise _invalid(f"expected a target {FORMS}, received {text[:64]!r}", text)
    class_id = int(number)
    if class_id >= len(manifest.labels):
        raise _invalid(
            f"expected a class from 0 to {len(manifest.labels) - 1}, received {class_id}", class_id
        )
    return ClassTarget((class_id,), score)


def _class_of(label: str, labels: Sequence[str]) -> int:
    """The one class of a label: written exactly so, or so but for capitals and spaces around."""
    for normal in (str, _plain):
        found = [i for i, name in enumerate(labels) if normal(name) == normal(label)]
        if len(found) == 1:
            return found[0]
        if found:
            many = ", ".join(f"class:{i}" for i in found)
            raise _invalid(
                f"label {label[:64]!r} is {len(found)} classes; ask one of {many}", label
            )
    plain = {_plain(name): name for name in labels}
    near = difflib.get_close_matches(_plain(label), plain, _NEAREST, cutoff=0)
    nearest = [plain[name] for name in near]
    raise _invalid(
        f"no label {label[:64]!r}; nearest: {', '.join(nearest)}", label, nearest=nearest
    )


def _read_channel(kind: str, rest: str, text: str, manifest: Manifest, seed: Seed) -> ChannelTarget:
    """`channel:LAYER:INDEX` or `neuron:LAYER:Y:X:CHANNEL`."""
    count = 1 if kind == "channel" else 3
    path, *numbers = rest.rsplit(":", count)
    if len(numbers) != count or not path or not all(map(_is_number, numbers)):
        form = "channel:LAYER:INDEX" if kind == "channel" else "neuron:LAYER:Y:X:CHANNEL"
        raise _invalid(f"expected a target {form}, received {text[:64]!r}", text)
    layer = find_layer(manifest, path)
    *position, channel = map(int, numbers)
    where = (position[0], position[1]) if position else None
    check_channel(layer, channel, where)
    return ChannelTarget(layer.path, channel, where, seed)


def _is_number(text: str) -> bool:
    """A plain index: not negative, and short enough to be one."""
    return text.isascii() and text.isdigit() and len(text) < 10  # noqa: PLR2004  beyond every axis


def _plain(label: str) -> str:
    return label.strip().casefold()


def _invalid(message: str, received: object, **details: object) -> InvalidTargetError:
    return InvalidTargetError(message, received=received, **details)
