"""ModelInferRequest → what is to be inferred; what was inferred → ModelInferResponse."""

from service.grpc.contents import parameters_of, read_tensors
from service.grpc.open_inference_pb2 import ModelInferRequest, ModelInferResponse
from service.protocol.binary_tensors import write_binary
from service.protocol.json_fields import count, quoted
from service.protocol.messages import InferRequest, InferResponse, Tensor, WantedOutput


def read_infer_request(message: ModelInferRequest) -> InferRequest:
    """The request, its tensors checked against what they say of themselves.

    Raises:
        ProtocolError: see `read_tensors`; or a parameter is not what it should be.
        UnsupportedError: something lies in shared memory.
    """
    return InferRequest(
        model=message.model_name,
        version=message.model_version or None,
        id=message.id,
        parameters=parameters_of(message, "the request"),
        inputs=read_tensors(message),
        outputs=[_read_output(output) for output in message.outputs] or None,
        binary=True,
    )


def write_infer_response(response: InferResponse) -> ModelInferResponse:
    """The response; its tensors as raw bytes."""
    return ModelInferResponse(
        model_name=response.model,
        model_version=response.version,
        id=response.id,
        outputs=[_write_output(tensor) for tensor in response.outputs],
        raw_output_contents=[bytes(write_binary(tensor)) for tensor in response.outputs],
    )


def _read_output(output: ModelInferRequest.InferRequestedOutputTensor) -> WantedOutput:
    where = f"output {quoted(output.name)}"
    found = parameters_of(output, where)
    return WantedOutput(output.name, count(found, "classification", where) or 0, binary=True)


def _write_output(tensor: Tensor) -> ModelInferResponse.InferOutputTensor:
    return ModelInferResponse.InferOutputTensor(
        name=tensor.name, datatype=tensor.datatype, shape=tensor.shape
    )
