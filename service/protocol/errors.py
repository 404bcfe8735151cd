"""What the protocol's own requests can be refused for.

ProtocolError
├── UnsupportedError    the protocol allows it, this service does not do it
└── NotFiniteError      an answer that JSON cannot say
"""


class ProtocolError(Exception):
    """A request that the protocol does not allow: 400, INVALID_ARGUMENT.

    The message is one sentence: what was expected, what was received.
    """


class UnsupportedError(ProtocolError):
    """The protocol allows it and this service does not do it: 501, UNIMPLEMENTED."""


class NotFiniteError(ProtocolError):
    """The answer has NaN or infinity, which JSON has no words for: 422."""
