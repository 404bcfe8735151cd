"""What the input named, as it may be shown: a file's name can hold what steers a terminal."""


def printable(text: str) -> str:
    """The text with a replacement character for every character that is not printed."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
