"""One HTML file with everything in it: no script, no request to anywhere."""

import os
from pathlib import Path
from uuid import uuid4

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from scoring.errors import OutputError
from scoring.results.durations import spell_seconds
from scoring.results.printable import printable

_TEMPLATES = Path(__file__).parent / "templates"


def render(template: str, **facts: object) -> str:
    """A template with its facts; whatever the input named (files, labels) is escaped."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {  # pyright: ignore[reportUnknownMemberType] untyped in jinja2
        "whole": "{:,}".format,
        "percent": "{:.1%}".format,
        "printable": printable,
        "seconds": spell_seconds,
        "best": _best,
    }
    style = (_TEMPLATES / "style.css").read_text(encoding="utf-8")
    return environment.get_template(template).render(
        style=Markup(style),  # noqa: S704 our own file
        **facts,
    )


def write_page(path: Path, page: str) -> None:
    """Write it whole or not at all, over what was there.

    Raises:
        OutputError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        beside.write_text(page, encoding="utf-8")
        os.replace(beside, path)  # noqa: PTH105 says what it does to what was there
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise OutputError(f"the page {path} cannot be written: {error.strerror}") from error


def _best(classes: tuple[tuple[str, float], ...]) -> str:
    """`beagle 0.412, basset 0.398`."""
    return ", ".join(f"{printable(label)} {score:.3f}" for label, score in classes)
