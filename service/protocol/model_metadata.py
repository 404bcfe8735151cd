"""What the server and its models say of themselves, as plain values for JSON and protobuf alike."""

from typing import Any

from service.predictor import Predictor
from service.protocol.datatypes import BYTES
from service.protocol.inputs import IMAGE, PIXELS, pixels_datatype
from service.protocol.messages import PREDICTIONS

Json = dict[str, Any]

NAME = "cutaway"
VERSION = "0.1.0"
EXTENSIONS = (
    "binary_tensor_data",
    "classification",
    "model_configuration",
    "model_repository",
    "optional_outputs",
    "parameters",
    "statistics",
)
"""`optional_outputs` is ours: outputs that are answered only to those who ask for them by name."""
PLATFORM = "onnx_onnxv1"
VARIABLE = -1


def server_metadata() -> Json:
    """Of `GET /v2`."""
    return {"name": NAME, "version": VERSION, "extensions": list(EXTENSIONS)}


def model_metadata(served: Predictor) -> Json:
    """Of `GET /v2/models/{model}`; every request brings one of the two inputs."""
    manifest = served.manifest
    spec = manifest.input
    pixels = [VARIABLE, spec.height, spec.width, spec.channels]
    return {
        "name": manifest.name,
        "versions": [str(version) for version in served.versions],
        "platform": PLATFORM,
        "inputs": [
            _tensor(PIXELS, pixels_datatype(spec), pixels),
            _tensor(IMAGE, BYTES, [VARIABLE]),
        ],
        "outputs": [_tensor(PREDICTIONS, "FP32", [VARIABLE, len(manifest.labels)])],
        "optional_outputs": [
            _tensor(layer.path, "FP32", [VARIABLE, *layer.shape]) for layer in manifest.layers
        ],
    }


def model_config(served: Predictor) -> Json:
    """Of `GET /v2/models/{model}/config`, in the words of Triton's ModelConfig.

    Its sizes are those of one picture. `max_batch_size` is what one run takes; a request may bring
    more, and is then run in pieces.
    """
    manifest, runner = served.manifest, served.classifier.runner
    spec = manifest.input
    size = [spec.height, spec.width, spec.channels]
    pixels = _config(PIXELS, pixels_datatype(spec), size)
    image = _config(IMAGE, BYTES, [1])
    return {
        "name": manifest.name,
        "platform": "onnxruntime_onnx",
        "backend": "onnxruntime",
        "max_batch_size": served.max_batch,
        "input": [
            {**pixels, "format": "FORMAT_NHWC", "optional": True},
            {**image, "reshape": {"shape": []}, "optional": True},
        ],
        "output": [_config(PREDICTIONS, "FP32", [len(manifest.labels)])],
        "optional_outputs": [
            _config(layer.path, "FP32", list(layer.shape)) for layer in manifest.layers
        ],
        "parameters": {
            key: {"string_value": value}
            for key, value in (
                ("version", str(manifest.version)),
                ("precision", runner.precision),
                ("device", runner.device),
                ("score", manifest.output.score),
            )
        },
    }


def _tensor(name: str, datatype: str, shape: list[int]) -> Json:
    return {"name": name, "datatype": datatype, "shape": shape}


def _config(name: str, datatype: str, dims: list[int]) -> Json:
    kind = "STRING" if datatype == BYTES else datatype
    return {"name": name, "data_type": f"TYPE_{kind}", "dims": dims}
