"""Operations on a converted graph, on graphs small enough to read."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from export.differentiable import differentiable_outputs
from export.surgery import name_batch_axis, rename_values, take_float32


def graph(nodes: list[onnx.NodeProto], outputs: list[str]) -> onnx.ModelProto:
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["unk__7", 4, 6, 3])
    axes = numpy_helper.from_array(np.array([1, 2], np.int64), "axes")
    shape = [None, None]
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in outputs]
    return helper.make_model(
        helper.make_graph(nodes, "test", [image], infos, [axes]),
        opset_imports=[helper.make_opsetid("", 18)],
    )


def node(kind: str, inputs: str, output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs.split(), [output], **attributes)


def road(*more: onnx.NodeProto) -> list[onnx.NodeProto]:
    """image → levels → pool → predictions, and what a test adds."""
    return [
        node("Cast", "image", "levels", to=TensorProto.FLOAT),
        node("ReduceMean", "levels axes", "pool", keepdims=0),
        node("Softmax", "pool", "predictions"),
        *more,
    ]


def test_outputs_get_their_names_and_inner_values_make_room() -> None:
    model = graph(road(node("Identity", "pool", "tap_0")), ["predictions", "tap_0"])
    rename_values(model, {"tap_0": "pool"}, reserved={"image", "predictions"})
    assert [value.name for value in model.graph.output] == ["predictions", "pool"]
    assert model.graph.node[-1].input[0] == "pool@inner"
    onnx.checker.check_model(model)


def test_the_batch_axis_is_named_and_the_others_are_fixed() -> None:
    model = graph(road(), ["predictions"])
    model.graph.output[0].CopyFrom(
        helper.make_tensor_value_info("predictions", TensorProto.FLOAT, ["unk__9", "unk__8"])
    )
    name_batch_axis(model, {"predictions": (3,)})
    axes = [[d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
            for value in (model.graph.input[0], model.graph.output[0])]  # fmt: skip
    assert axes == [["batch", 4, 6, 3], ["batch", 3]]


def test_a_float32_input_makes_the_cast_idle() -> None:
    model = graph(road(), ["predictions"])
    take_float32(model)
    assert model.graph.input[0].type.tensor_type.elem_type == TensorProto.FLOAT
    onnx.checker.check_model(model)


def test_a_layer_is_differentiable_where_a_smooth_road_leads_to_the_prediction() -> None:
    model = graph(
        road(
            node("Transpose", "levels", "layer"),
            node("Relu", "levels", "beside"),
        ),
        ["predictions", "layer", "beside"],
    )
    assert differentiable_outputs(model, "predictions") == {"predictions", "layer"}


def test_a_step_on_the_road_ends_it() -> None:
    nodes = [
        node("Cast", "image", "levels", to=TensorProto.FLOAT),
        node("Round", "levels", "rounded"),
        node("ReduceMean", "rounded axes", "predictions", keepdims=0),
    ]
    model = graph(nodes, ["predictions", "levels", "rounded"])
    assert differentiable_outputs(model, "predictions") == {"predictions", "rounded"}
