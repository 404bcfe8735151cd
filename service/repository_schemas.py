"""The wire types of the protocol's repository extension."""

from typing import Any, Literal

from pydantic import Field

from service.schemas import Wire


class IndexWish(Wire):
    """Which versions are listed."""

    ready: bool = Field(default=False, description="those that are served alone")


class IndexLine(Wire):
    """A version, or a model none of whose versions is known."""

    name: str
    version: str | None = None
    state: Literal["READY", "LOADING", "UNAVAILABLE"]
    reason: str


class RepositoryWish(Wire):
    """How a model is to be loaded or unloaded."""

    parameters: dict[str, Any] = Field(
        default_factory=dict,
        description="`unload_dependents` is taken and means nothing; a configuration or files "
        "cannot be sent",
    )


class Changed(Wire):
    """What a model is from now on."""

    name: str
    ready: bool = Field(description="whether it is served")
