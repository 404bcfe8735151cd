"""What can go wrong while a bundle runs. None of these knows HTTP.

EngineError
├── ImageError
│   ├── UnsupportedImageError    not one of the formats that may be decoded
│   ├── ImageTooLargeError       more pixels than allowed, said by the header, before decoding
│   └── UndecodableImageError    empty, truncated or corrupt
├── PixelsError                  an array of ready pictures has the wrong shape or type
├── RecipeError                  a manifest asks for preprocessing that its recipe does not have
├── LayerNotFoundError           the network has no layer of that path
├── DeviceError                  the device that was asked for is not active
├── GraphError                   the graph on disk is not what the manifest says
├── QueueFullError               more pictures are waiting than the queue holds
└── DeadlineExceededError        the answer would come too late
"""


class EngineError(Exception):
    """Base of all errors of this room; the message is one sentence for a person."""


class ImageError(EngineError):
    """One picture cannot be used; the others of its request can."""


class UnsupportedImageError(ImageError):
    """The bytes are not a picture in an allowed format."""


class ImageTooLargeError(ImageError):
    """The header promises more pixels, or a more extreme shape, than is allowed."""


class UndecodableImageError(ImageError):
    """The bytes begin like a picture and cannot be decoded."""


class PixelsError(EngineError):
    """Ready pictures do not fit the network's input."""


class RecipeError(EngineError):
    """The manifest's preprocessing asks for something that its recipe never did in training."""


class LayerNotFoundError(EngineError):
    """The network has no layer of that path."""


class DeviceError(EngineError):
    """The device that was asked for does not run here."""


class GraphError(EngineError):
    """The graph does not load, or is not what the manifest declares."""


class QueueFullError(EngineError):
    """The queue is full; `retry_after_seconds` says when it may have room."""

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class DeadlineExceededError(EngineError):
    """The request's deadline passed before its answer was there."""
