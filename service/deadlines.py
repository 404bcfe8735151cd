"""How long a request may take."""

from service.errors import InvalidQueryError


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
