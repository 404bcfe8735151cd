"""The part of ONNX Runtime's interface that we call; it ships no types of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

__version__: str
cuda_version: str

class NodeArg:
    name: str
    type: str
    shape: list[int | str | None]

class SessionOptions:
    intra_op_num_threads: int
    inter_op_num_threads: int
    log_severity_level: int
    enable_profiling: bool
    enable_mem_pattern: bool
    def add_session_config_entry(self, key: str, value: str, /) -> None: ...
    def add_provider_for_devices(
        self, devices: Sequence[OrtEpDevice], options: Mapping[str, str], /
    ) -> None: ...

class InferenceSession:
    def __init__(
        self,
        path_or_bytes: str | bytes,
        sess_options: SessionOptions | None = ...,
        providers: Sequence[str | tuple[str, Mapping[str, str]]] | None = ...,
        *,
        enable_fallback: int = ...,
    ) -> None: ...
    def get_inputs(self) -> list[NodeArg]: ...
    def get_outputs(self) -> list[NodeArg]: ...
    def get_providers(self) -> list[str]: ...
    def run(
        self, output_names: Sequence[str] | None, input_feed: Mapping[str, NDArray[Any]]
    ) -> list[NDArray[Any]]: ...
    def io_binding(self) -> IOBinding: ...
    def run_with_iobinding(self, iobinding: IOBinding, /) -> None: ...

class IOBinding:
    def bind_ortvalue_input(self, name: str, ortvalue: OrtValue) -> None: ...
    def bind_ortvalue_output(self, name: str, ortvalue: OrtValue) -> None: ...

class OrtValue:
    @classmethod
    def ortvalue_from_shape_and_type(
        cls,
        shape: Sequence[int],
        element_type: np.dtype[Any],
        device_type: str = ...,
        device_id: int = ...,
    ) -> OrtValue: ...
    def update_inplace(self, data: NDArray[Any]) -> None: ...
    def numpy(self) -> NDArray[Any]: ...

class OrtHardwareDeviceType:
    CPU: OrtHardwareDeviceType
    GPU: OrtHardwareDeviceType

class OrtHardwareDevice:
    type: OrtHardwareDeviceType

class OrtEpDevice:
    device: OrtHardwareDevice
    ep_name: str
    ep_metadata: Mapping[str, str]

class OrtAllocatorType:
    ORT_ARENA_ALLOCATOR: OrtAllocatorType

class OrtMemType:
    DEFAULT: OrtMemType

class OrtMemoryInfo:
    def __init__(
        self, name: str, allocator: OrtAllocatorType, device: int, memory: OrtMemType, /
    ) -> None: ...

def create_and_register_allocator(memory: OrtMemoryInfo, config: None, /) -> None: ...
def get_available_providers() -> list[str]: ...
def get_ep_devices() -> list[OrtEpDevice]: ...
def preload_dlls() -> None: ...
def register_execution_provider_library(name: str, path: str, /) -> None: ...
def set_default_logger_severity(severity: int, /) -> None: ...
