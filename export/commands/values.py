"""Kinds of values that a command line holds, each parsed in one place."""

import re

import click

from export.stated import Numbers, parse_numbers

Parameter = click.Parameter | None
Context = click.Context | None


class NumbersType(click.ParamType):
    """`127.5`, `1/255` or three numbers with commas."""

    name = "numbers"

    def convert(self, value: str, param: Parameter, ctx: Context) -> Numbers:
        """Parse, or fail with a usage error."""
        try:
            return parse_numbers(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class SizeType(click.ParamType):
    """`HEIGHTxWIDTH`."""

    name = "HxW"

    def convert(self, value: str, param: Parameter, ctx: Context) -> tuple[int, int]:
        """Parse, or fail with a usage error."""
        match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", value)
        if not match:
            self.fail(f"{value!r} is not HEIGHTxWIDTH, e.g. 224x320", param, ctx)
        return int(match[1]), int(match[2])


class ColorType(click.ParamType):
    """`#rrggbb`."""

    name = "#rrggbb"

    def convert(self, value: str, param: Parameter, ctx: Context) -> tuple[int, int, int]:
        """Parse, or fail with a usage error."""
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
            self.fail(f"{value!r} is not a colour such as #ffffff", param, ctx)
        red, green, blue = bytes.fromhex(value[1:])
        return red, green, blue
