"""What can go wrong while a bundle runs. None of these knows HTTP.

EngineError
├── ImageError
│   ├── UnsupportedImageError    not one of the formats that may be decoded
│   ├── ImageTooLargeError       more pixels than allowed, said by the header, before decoding
│   └── UndecodableImageError    empty, truncated or corrupt
├── PixelsError                  an array of ready pictures has the wrong shape or type
├── RecipeError                  a manifest asks for preprocessing that its recipe does not have
├── LayerNotFoundError           the network has no layer of that path
├── ChannelNotFoundError         the layer has no such channel, unit or position
├── TargetError                  the network has no such class, or no such score of it
├── UnsupportedOperatorError     an operator on the way back has no gradient rule
├── NoGradientError              no differentiable path leads from that layer to that target
├── MethodError                  the method does not apply to this network, layer or target
├── TooMuchError                 more was asked than one request may have
├── DeviceError                  the device that was asked for is not active
├── DeviceMemoryError            the device has not the memory for this batch
├── PrecisionError               the bundle has no such precision, or the device cannot compute it
├── GraphError                   the graph on disk is not what the manifest says
├── QueueFullError               more pictures are waiting than the queue holds
│   └── DeadlineUnreachableError so many wait that the answer would come too late
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
    """The network has no such layer; `nearest` are those that it has, the likeliest first."""

    def __init__(self, message: str, layer: str = "", nearest: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.layer = layer
        self.nearest = nearest


class ChannelNotFoundError(EngineError):
    """The layer has no such channel, unit or position."""


class TargetError(EngineError):
    """The network has no such class, or does not answer that score."""


class UnsupportedOperatorError(EngineError):
    """An operator between target and layer has no gradient rule; a wrong number is never given."""


class NoGradientError(EngineError):
    """The target does not depend differentiably on that layer."""


class MethodError(EngineError):
    """The method does not apply to this network, layer or target."""


class TooMuchError(EngineError):
    """More than one request may have: what was asked, the cap, and what fits, as words."""

    def __init__(self, message: str, *, asked: str, cap: str, fits: str) -> None:
        super().__init__(message)
        self.asked = asked
        self.cap = cap
        self.fits = fits


class DeviceError(EngineError):
    """The device that was asked for does not run here."""


class DeviceMemoryError(EngineError):
    """The device ran out of memory on this batch; a smaller one may fit."""


class PrecisionError(EngineError):
    """The bundle has no graph of that precision, or the device cannot compute it."""


class GraphError(EngineError):
    """The graph does not load, or is not what the manifest declares."""


class QueueFullError(EngineError):
    """The queue is full; `retry_after_seconds` says when it may have room."""

    def __init__(self, message: str, retry_after_seconds: float) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class DeadlineUnreachableError(QueueFullError):
    """Too much waits for an answer in time; it is said at once, before anything is run."""


class DeadlineExceededError(EngineError):
    """The request's deadline passed before its answer was there."""
