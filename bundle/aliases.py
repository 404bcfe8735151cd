"""Labels of a model's versions: `models/<name>/aliases.json`, as `{"default": 2, "canary": 3}`."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, TypeAdapter, ValidationError

from bundle.errors import AliasesError

ALIASES = "aliases.json"
DEFAULT = "default"
"""The label of the version that answers whoever names none."""
LATEST = "latest"
"""The label of the highest version that is served; nobody can give it to another."""

Label = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._-]{0,62}$")]
"""Begins with a letter, so that no label is a version's number."""
_LABELS = TypeAdapter(dict[Label, Annotated[int, Field(gt=0, strict=True)]])


def read_aliases(folder: Path) -> dict[str, int]:
    """Labels → versions of the model that lies in `folder`; empty where nobody gave any.

    The versions need not exist.

    Raises:
        AliasesError: the file is there and cannot be read, or is not labels and versions.
    """
    path = folder / ALIASES
    try:
        labels = _LABELS.validate_json(path.read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise AliasesError(f"{path} cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = first["loc"][0] if first["loc"] else "the file"
        raise AliasesError(
            f'{path} is not labels and versions, as {{"default": 2, "canary": 3}}: '
            f"{where}: {first['msg']}"
        ) from error
    if LATEST in labels:
        raise AliasesError(
            f"{path} gives {LATEST!r} to a version; it is always the highest that is served; "
            "choose another label"
        )
    return labels
