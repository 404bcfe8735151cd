def glob_translate(pat: str) -> str:
    """A regular expression that matches what the glob matches; raises ValueError."""
