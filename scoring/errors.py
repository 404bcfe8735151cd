"""What can stop a scoring job. Nothing half-written is left when one of these is raised.

ScoringError
├── InputError       there is no such input, or it cannot be read, or it holds no picture
├── OutputError      the output cannot be written to, or its disk is full
├── SettingsError    the output was begun with other settings, or a setting does not fit the model
├── BusyError        another run is at work on the same output
└── ClusterError     the cluster cannot be reached, or lost what the job needs
"""


class ScoringError(Exception):
    """Base of all errors of this room; the message is one sentence for a person."""


class InputError(ScoringError):
    """The input cannot be used as a whole; one bad picture is a row with its error instead."""


class OutputError(ScoringError):
    """The results cannot be written."""


class SettingsError(ScoringError):
    """A setting contradicts the model, the input, or what the output was begun with."""


class BusyError(ScoringError):
    """Two runs on one output exclude each other."""


class ClusterError(ScoringError):
    """The cluster does not do what the job needs."""
