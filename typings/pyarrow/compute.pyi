"""Functions over arrays: made at import, one for each that Arrow's registry holds."""

from typing import Any

def __getattr__(name: str) -> Any: ...
