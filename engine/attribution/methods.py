"""All methods by the names that people ask for them with."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.attribution.cam import cam
from engine.attribution.combining import Combine
from engine.attribution.deconvnet import deconvnet
from engine.attribution.grad_cam import grad_cam, grad_cam_map
from engine.attribution.grad_cam_plus_plus import grad_cam_plus_plus, grad_cam_plus_plus_map
from engine.attribution.gradient import gradient
from engine.attribution.guided_backpropagation import guided_backpropagation
from engine.attribution.input_x_gradient import input_x_gradient
from engine.attribution.integrated_gradients import integrated_gradients
from engine.attribution.layer_cam import layer_cam, layer_cam_map
from engine.attribution.occlusion import occlusion
from engine.attribution.score_cam import score_cam
from engine.attribution.smoothgrad import smoothgrad

Values = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Method:
    """One way to ask which parts of a picture, or of a layer, a target depends on.

    Args:
        name: as a query names it.
        function: (inspector, pixels, target, *, its own parameters) → float32 array.
        result: `tensor`, signed, of the shape of a picture or a layer: (batch, height, width,
            channels); or `map`: (batch, height, width).
        needs_gradient: whether it goes backwards through the network; the others run forwards.
        variant: what exactly is computed, where implementations differ.
        source: who published it.
        combine: (gradient, activation) of one layer → map, where one run back is all it takes.
    """

    name: str
    function: Callable[..., Values]
    result: Literal["tensor", "map"]
    needs_gradient: bool
    variant: str
    source: str
    combine: Combine | None = None


_ALL = (
    Method(
        "gradient",
        gradient,
        "tensor",
        True,
        "signed dJ/dX, a level or an activation each",
        "Simonyan et al., 2014",
    ),
    Method(
        "input-x-gradient",
        input_x_gradient,
        "tensor",
        True,
        "levels 0-255 times their gradient: measured from a black picture",
        "Shrikumar et al., 2016",
    ),
    Method(
        "deconv",
        deconvnet,
        "tensor",
        True,
        "a ReLU hands back what is positive, whatever it let through",
        "Zeiler and Fergus, 2014",
    ),
    Method(
        "guided",
        guided_backpropagation,
        "tensor",
        True,
        "a ReLU hands back what is positive where it let something through",
        "Springenberg et al., 2015",
    ),
    Method(
        "smoothgrad",
        smoothgrad,
        "tensor",
        True,
        "mean signed gradient under normal noise, a share of the picture's own range",
        "Smilkov et al., 2017",
    ),
    Method(
        "integrated-gradients",
        integrated_gradients,
        "tensor",
        True,
        "straight path from the baseline picture, Gauss-Legendre steps",
        "Sundararajan et al., 2017",
    ),
    Method(
        "cam",
        cam,
        "map",
        False,
        "signed, without ReLU: its mean and the bias are the logit",
        "Zhou et al., 2016",
    ),
    Method(
        "grad-cam",
        grad_cam,
        "map",
        True,
        "channels weighted by their mean gradient, then ReLU",
        "Selvaraju et al., 2017",
        grad_cam_map,
    ),
    Method(
        "grad-cam++",
        grad_cam_plus_plus,
        "map",
        True,
        "of the target itself: no factor exp(S), weights not normalised",
        "Chattopadhay et al., 2018",
        grad_cam_plus_plus_map,
    ),
    Method(
        "layer-cam",
        layer_cam,
        "map",
        True,
        "each place weighted by its own positive gradient, then ReLU",
        "Jiang et al., 2021",
        layer_cam_map,
    ),
    Method(
        "score-cam",
        score_cam,
        "map",
        False,
        "softmax over channels of the target's increase over the baseline picture",
        "Wang et al., 2020",
    ),
    Method(
        "occlusion",
        occlusion,
        "map",
        False,
        "drop of the target under a sliding patch, mean of the patches over a pixel",
        "Zeiler and Fergus, 2014",
    ),
)

METHODS: dict[str, Method] = {method.name: method for method in _ALL}
