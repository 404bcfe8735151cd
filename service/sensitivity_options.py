"""The query of `sensitivity`, and what it asks for once it is understood."""

from dataclasses import dataclass
from typing import Annotated, get_args

from pydantic import Field

from bundle.manifest import Manifest
from engine.attribution.baselines import Baseline
from engine.attribution.maps import Reduction
from engine.attribution.methods import Method
from engine.attribution.occlusion import Fill
from engine.errors import MethodError
from engine.gradients import ReluRule
from engine.inspector import INPUT
from engine.pictures.gradients import Display
from engine.targets import ChannelTarget, Score, Target
from service.methods import MethodName, find_method, read_parameters, takes
from service.picture_options import MAX_REPEATS, Format, Pattern, PictureOptions, invalid
from service.selection import select_layers
from service.targets import Seed, TargetText, read_target

OWN = ("samples", "noise", "steps", "baseline", "channels", "patch_pixels", "stride_pixels", "fill")
"""What belongs to single methods, as their functions name it; `seed` may be one of them, too."""

RULES: dict[str, ReluRule] = {"gradient": "gradient", "deconv": "deconvnet", "guided": "guided"}
"""Methods that are one way back through the network, to any number of layers at a time."""

_ONLY_OF: dict[str, tuple[Format, ...]] = {
    "values": ("json",),
    "display": ("png",),
    "overlay": ("png",),
}
"""Its own parameters that say something in one format only; elsewhere they are refused."""


class SensitivityOptions(PictureOptions):
    """The query of `sensitivity`."""

    method: MethodName = Field(default="gradient", description="see docs/sensitivity.md")
    target: TargetText = Field(
        default="top1",
        description="top1, class:ID or ID, label:NAME, channel:LAYER:INDEX, "
        "neuron:LAYER:Y:X:CHANNEL",
    )
    score: Score | None = Field(default=None, description="of a class; logit if not said")
    seed: list[Annotated[str, Field(max_length=64)]] = Field(
        default=[],
        max_length=MAX_REPEATS,
        description="of a channel or neuron: one (if not said) or activation; "
        "of smoothgrad's noise: a whole number",
    )
    layer: list[Pattern] = Field(
        default=[],
        max_length=MAX_REPEATS,
        description="with respect to what: input, or layers by path, alias or glob; of a CAM the "
        "layer that it is drawn from",
    )
    faithfulness: bool = Field(
        default=False, description="insertion and deletion beside each map, and a random map's"
    )
    reduce: Reduction | None = Field(
        default=None, description="of methods with a number a channel: how they become a map"
    )
    values: bool | None = Field(
        default=None,
        description="json: write the numbers out: all, or none; maps where it is missing and they "
        "are few",
    )
    display: Display | None = Field(
        default=None,
        description="png: the picture's gradient itself instead of a heat map: raw, its mean over "
        "the channels (grey), or its length (norm)",
    )
    overlay: float | None = Field(
        default=None, ge=0, le=1, description="png: opacity of the map over the picture"
    )
    samples: int | None = Field(default=None, description="smoothgrad: noisy copies a picture")
    noise: float | None = Field(
        default=None, description="smoothgrad: its deviation, a share of the picture's own range"
    )
    steps: int | None = Field(default=None, description="integrated-gradients: on the way")
    baseline: Baseline | None = Field(
        default=None, description="integrated-gradients, score-cam: what shows nothing"
    )
    channels: int | None = Field(default=None, description="score-cam: the most varied; 0 all")
    patch_pixels: int | None = Field(default=None, description="occlusion: its side; 0 chooses")
    stride_pixels: int | None = Field(default=None, description="occlusion: its step; 0 chooses")
    fill: Fill | None = Field(default=None, description="occlusion: what covers")


@dataclass(frozen=True, slots=True)
class Asked:
    """A query that is understood.

    Args:
        method: which.
        parameters: all of its own, the defaults too.
        target: not yet resolved for each picture.
        layers: with respect to what; none takes the method's own default.
        reduce: from channels to a map.
        faithfulness: measure it, too.
    """

    method: Method
    parameters: dict[str, object]
    target: Target
    layers: tuple[str, ...]
    reduce: Reduction
    faithfulness: bool


def read_options(options: SensitivityOptions, manifest: Manifest) -> Asked:
    """What a query asks of a model.

    Raises:
        InvalidQueryError, InvalidTargetError, LayerNotFoundError, ChannelNotFoundError: it does
            not fit together, or not this model.
        MethodError: the model was published without its inside.
    """
    check_inside(manifest)
    method = find_method(options.method)
    word, number = _split(options.seed)
    own = options.model_dump(include=set(OWN), exclude_none=True)
    if number is not None:
        own["seed"] = number
    asked = Asked(
        method=method,
        parameters=read_parameters(method, own),
        target=read_target(options.target, manifest, score=options.score, seed=word),
        layers=_read_layers(method, options.layer, manifest),
        reduce=options.reduce or "max",
        faithfulness=options.faithfulness,
    )
    _check_together(options, asked)
    return asked


def check_inside(manifest: Manifest) -> None:
    """Raise MethodError for a model that was published without its inside."""
    if not manifest.layers:
        raise MethodError(
            f"model {manifest.name} was published for prediction alone; export it with its layers"
        )


def _check_together(options: SensitivityOptions, asked: Asked) -> None:
    """Raise InvalidQueryError where a parameter says nothing beside the others."""
    name, is_map = asked.method.name, asked.method.result == "map"
    of_picture = is_map or not asked.layers or INPUT in asked.layers
    options.check_format(_ONLY_OF)
    if is_map and "reduce" in options.model_fields_set:
        raise invalid("reduce", f"is of channels, and {name} answers a map")
    if is_map and options.display is not None:
        raise invalid("display", f"is of signed gradients, and {name} answers a map")
    if options.format == "png" and not is_map and len(asked.layers) > 1:
        raise invalid("layer", "must be one with format=png")
    for parameter in ("reduce", "display", "overlay", "faithfulness"):
        if parameter in options.model_fields_set and not of_picture:
            raise invalid(parameter, "is of maps of the picture; ask layer=input, or a CAM")
    if options.overlay is not None and options.display is not None:
        raise invalid("overlay", "is of heat maps; leave display out")
    if options.faithfulness and isinstance(asked.target, ChannelTarget):
        raise invalid("faithfulness", "follows a class's probability; ask a class as target")
    options.scaling()


def _split(seeds: list[str]) -> tuple[Seed | None, str | None]:
    """`seed` says two things: a word is of the target, a number of the method."""
    words = [seed for seed in get_args(Seed) if seed in seeds]
    others = [seed for seed in seeds if seed not in words]
    if len(words) > 1 or len(others) > 1:
        raise invalid("seed", f"may be one word and one number; received {', '.join(seeds)[:64]}")
    return (words or [None])[0], (others or [None])[0]


def _read_layers(method: Method, asked: list[str], manifest: Manifest) -> tuple[str, ...]:
    """Paths in the order of computation, `input` first where it was asked for."""
    if not asked or (asked == [INPUT] and not takes(method, "layer") and method.result == "tensor"):
        return ()
    if not takes(method, "layer"):
        raise invalid(
            "layer",
            f"says nothing to {method.name}, which answers for the picture; ask method=gradient",
        )
    paths = tuple(
        layer.path for layer in select_layers(manifest, [one for one in asked if one != INPUT])
    )
    if method.result == "tensor":
        return (INPUT, *paths) if INPUT in asked else paths
    if INPUT in asked or len(paths) != 1:
        raise invalid("layer", f"must be one layer of the network, which {method.name} draws from")
    return paths
