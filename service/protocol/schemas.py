"""The protocol's wire types over HTTP, as the OpenAPI document has them."""

from typing import Any

from pydantic import Field

from service.protocol.datatypes import DATATYPES
from service.schemas import Wire


class ProtocolErrorBody(Wire):
    """The body of every answer under /v2 that is not a success."""

    error: str


class ServerLive(Wire):
    """The process answers."""

    live: bool


class ServerReady(ServerLive):
    """Models are loaded."""

    ready: bool


class ServerMetadata(Wire):
    """The server."""

    name: str
    version: str
    extensions: list[str]


class ServedModels(Wire):
    """The names of the served models."""

    models: list[str]


class ModelReady(Wire):
    """A model can be asked."""

    name: str
    ready: bool


class TensorMetadata(Wire):
    """An input or an output."""

    name: str
    datatype: str
    shape: list[int] = Field(description="-1: any length, that of the batch")


class ModelMetadata(Wire):
    """A model's inputs and outputs; every request brings one of the inputs."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    optional_outputs: list[TensorMetadata] = Field(
        description="layers: answered to those who ask for them by name"
    )


class ModelConfig(Wire):
    """A model in the words of Triton's ModelConfig."""

    name: str
    platform: str
    backend: str
    max_batch_size: int
    input: list[dict[str, Any]]
    output: list[dict[str, Any]]
    optional_outputs: list[dict[str, Any]]
    parameters: dict[str, dict[str, str]]


class ResponseOutput(Wire):
    """An output, with its values or the size of its bytes after the JSON."""

    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, int] | None = None
    data: list[Any] | None = None


class InferenceResponse(Wire):
    """What was inferred."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[ResponseOutput]


_PARAMETERS: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {"type": ["string", "number", "boolean"]},
}
_NAME: dict[str, Any] = {"type": "string"}
INFERENCE_REQUEST: dict[str, Any] = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string"},
        "parameters": {**_PARAMETERS, "description": "timeout in µs; binary_data_output"},
        "inputs": {
            "type": "array",
            "description": "`pixels` or `image`",
            "items": {
                "type": "object",
                "required": ["name", "datatype", "shape"],
                "properties": {
                    "name": _NAME,
                    "datatype": {"enum": list(DATATYPES)},
                    "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
                    "parameters": {
                        **_PARAMETERS,
                        "description": "binary_data_size; content_type: base64 for pictures in "
                        "JSON",
                    },
                    "data": {
                        "type": "array",
                        "description": "flat, or nested as the shape is; missing where "
                        "binary_data_size says that the bytes follow the JSON",
                    },
                },
            },
        },
        "outputs": {
            "type": "array",
            "description": "`predictions` if not given; layers by their paths",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": _NAME,
                    "parameters": {**_PARAMETERS, "description": "binary_data; classification"},
                },
            },
        },
    },
}
"""What is to be inferred; it is read and checked by hand, field by field."""
