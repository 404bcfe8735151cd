"""The settings as people read them: their table, and which variables are not in it."""

import difflib
from collections.abc import Iterable

from pydantic_settings import BaseSettings

from service.units import Unit


def markdown(settings: type[BaseSettings], prefix: str) -> str:
    """One row a variable: name, default, unit, what it does."""
    rows = ["| variable | default | unit | what it does |", "|---|---|---|---|"]
    for name, field in settings.model_fields.items():
        unit = "".join(item.name for item in field.metadata if isinstance(item, Unit))
        default = "" if field.default in (None, "") else f"`{field.default}`"
        rows.append(f"| `{prefix}{name.upper()}` | {default} | {unit} | {field.description} |")
    return "\n".join(rows) + "\n"


def unknown(settings: type[BaseSettings], prefix: str, names: Iterable[str]) -> list[str]:
    """One sentence for each of `names` that begins as a setting does and is none."""
    sentences: list[str] = []
    for name in sorted(names):
        field = name.upper().removeprefix(prefix).lower()
        if name.upper().startswith(prefix) and field not in settings.model_fields:
            nearest = difflib.get_close_matches(field, settings.model_fields, 1)
            hint = (
                f"did you mean {prefix}{nearest[0].upper()}?" if nearest else "see docs/settings.md"
            )
            sentences.append(f"{name} is not a setting and does nothing; {hint}")
    return sentences
