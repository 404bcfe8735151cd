"""What can be wrong with a model repository.

BundleError
├── ModelNotFoundError      no model, or no version of it, under that name
├── BundleCorruptError      a file is missing, altered, or not what the manifest says
├── AliasesError            aliases.json is not labels and versions
└── PublishError            a new version could not be written; nothing was published
"""


class BundleError(Exception):
    """Base of all errors of this room; the message is one sentence for a person."""


class ModelNotFoundError(BundleError):
    """The repository has no such model or version."""


class BundleCorruptError(BundleError):
    """A bundle's files are not the ones that were published."""


class PublishError(BundleError):
    """A version could not be written; the repository is as it was before."""


class AliasesError(BundleError):
    """A model's aliases.json cannot be used."""
