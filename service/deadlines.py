"""How long a request may take."""

from pydantic import BaseModel, ConfigDict, Field

from service.errors import InvalidQueryError
from service.settings import Settings


class TimedOptions(BaseModel):
    """A query with a time of its own; a parameter that does not exist is refused, not ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timeout_ms: int | None = Field(
        default=None, ge=1, description="from the whole request received to its answer"
    )

    def inspect_timeout_ms(self, settings: Settings) -> int:
        """The time of an inspection.

        Raises:
            InvalidQueryError: it asks for more than the settings allow.
        """
        return request_timeout_ms(
            self.timeout_ms,
            default=settings.inspect_timeout_ms,
            most=settings.max_inspect_timeout_ms,
        )


def request_timeout_ms(asked: int | None, *, default: int, most: int) -> int:
    """The time of one request: what it asks for, or the setting's default.

    Raises:
        InvalidQueryError: it asks for more than the settings allow.
    """
    if asked is None:
        return min(default, most)
    if asked > most:
        raise InvalidQueryError(
            f"timeout_ms: expected at most {most}, received {asked}",
            parameter="timeout_ms",
            received=asked,
        )
    return asked
