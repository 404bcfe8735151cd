"""What can stop an export. Nothing is published when one of these is raised.

ExportError
├── ModelFileError       the file is missing, damaged, or holds no model that can be loaded
├── ModelError           the model is not an image classifier that can be exported
├── SettingsError        what the user stated does not fit the model, or something is missing
├── ConversionError      an operation has no ONNX counterpart
└── GateError            the exported network is not the trained one
"""


class ExportError(Exception):
    """Base of all errors of this room; the message is one sentence for a person."""


class ModelFileError(ExportError):
    """The model's file cannot be read as a model."""


class ModelError(ExportError):
    """The model has another shape than an image classifier's."""


class SettingsError(ExportError):
    """A setting is missing, or contradicts the model or another setting."""


class ConversionError(ExportError):
    """The network cannot be written as ONNX."""


class GateError(ExportError):
    """The exported network answered otherwise than Keras; the message has both numbers."""
