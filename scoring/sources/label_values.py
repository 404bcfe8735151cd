"""Labels as the values of a field or column, and what the output has of them."""

from collections.abc import Sequence


def as_label(value: object, names: Sequence[str] = ()) -> str | None:
    """A label as the output has it: one line of text, or a class id in digits.

    Args:
        value: as the input has it. A number below 0 is how data sets say that nobody knows.
        names: of the classes, where the input has them; a number is the index of one.

    Returns:
        None where the value says nothing.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 0:
            return None
        return names[value] if value < len(names) else str(value)
    text = value.strip() if isinstance(value, str) else ""
    if not text or "\n" in text:
        return None
    return text.encode(errors="replace").decode()  # JSON can spell what no text may hold
