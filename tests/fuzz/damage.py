"""Good bytes, damaged: the likeliest way to whatever a parser has not thought of."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from typing import Literal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

Kind = Literal["change", "overwrite", "insert", "cut", "end", "repeat", "swap"]
KINDS: tuple[Kind, ...] = ("change", "overwrite", "insert", "cut", "end", "repeat", "swap")
HEAD_BYTES = 64
"""Half of all damage is done here: what follows a header is rarely looked at alone."""
NUMBERS = [
    value.to_bytes(width, order)
    for width in (1, 2, 4, 8)
    for value in (0, 1, 2 ** (8 * width - 1) - 1, 2 ** (8 * width - 1), 2 ** (8 * width) - 1)
    for order in ("little", "big")
]


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing done to bytes, at a place in 65,536ths of their length or of their head."""

    kind: Kind
    place: int
    in_head: bool
    size: int
    noise: bytes

    def apply(self, data: bytes) -> bytes:
        """The bytes with it done."""
        room = min(len(data), HEAD_BYTES) if self.in_head else len(data)
        at = self.place * room >> 16
        before, block, after = data[:at], data[at : at + self.size], data[at + self.size :]
        flipped = bytes(byte ^ (self.place & 255 or 1) for byte in data[at : at + 1])
        done: dict[Kind, bytes] = {
            "change": before + flipped + data[at + 1 :],
            "overwrite": before + self.noise + data[at + len(self.noise) :],
            "insert": before + self.noise + data[at:],
            "cut": before + after,
            "end": before,
            "repeat": before + block * 3 + after,
            "swap": before + after[: self.size] + block + after[self.size :],
        }
        return done[self.kind]


def damages(most: int) -> SearchStrategy[list[Damage]]:
    """None, some, or so many.

    Of one number each time: to draw every part of every damage would take longer than to ask.
    """
    return st.builds(_damages, st.integers(0, most), st.integers(0, 2**32 - 1))


def _damages(count: int, seed: int) -> list[Damage]:
    dice = Random(seed)  # noqa: S311  of tests
    return [
        Damage(
            dice.choice(KINDS),
            dice.randrange(65_536),
            dice.random() < 0.5,
            dice.randint(1, 40),
            dice.choice(NUMBERS) if dice.random() < 0.5 else dice.randbytes(dice.randint(1, 6)),
        )
        for _ in range(count)
    ]


def damaged(originals: Sequence[bytes], most: int = 6) -> SearchStrategy[bytes]:
    """One of these, with damage."""

    def apply(data: bytes, done: list[Damage]) -> bytes:
        for damage in done:
            data = damage.apply(data)
        return data

    return st.builds(apply, st.sampled_from(originals), damages(most))


def in_pieces(body: bytes, cuts: list[int]) -> tuple[bytes, ...]:
    """The body as a network might deliver it; `cuts` are in 65,536ths of its length."""
    places = sorted({cut * len(body) >> 16 for cut in cuts})
    edges = [0, *places, len(body)]
    return tuple(body[start:end] for start, end in pairwise(edges))


CUTS = st.just([]) | st.lists(st.integers(0, 65_535), max_size=3)
"""Where a body is cut into pieces; mostly nowhere or once."""
