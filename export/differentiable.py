"""Which layers the prediction depends on differentiably, read off the exported graph."""

import onnx

from engine.gradients.reach import differentiable


def differentiable_outputs(model: onnx.ModelProto, prediction: str) -> set[str]:
    """The outputs for which the engine has the gradient of the prediction.

    Where the converter absorbed a layer into the next operator (zero padding into a convolution),
    the layer's output is computed beside the path, only to be shown: it is not among them. Nor is
    one from which only whole numbers, rounding, or an operator without a gradient rule lead on.
    """
    return differentiable(model, prediction, [output.name for output in model.graph.output])
