import threading
from collections.abc import Callable, Iterable, Iterator

import pytest

from scoring.sources.picture import Picture
from scoring.sources.read_ahead import read_ahead

PATIENCE_SECONDS = 30


def picture(number: int) -> Picture:
    return Picture(f"{number}.jpg", b"")


def no_bytes(_: int) -> int:
    return 0


def names(pictures: Iterable[Picture]) -> list[str]:
    return [picture.source for picture in pictures]


class Gate:
    """Holds readers up until they are let through, and knows who has come."""

    def __init__(self) -> None:
        self._arrived: set[int] = set()
        self._open: set[int] = set()
        self._changed = threading.Condition()

    def read(self, number: int) -> Picture:
        with self._changed:
            self._arrived.add(number)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: number in self._open, PATIENCE_SECONDS)
        return picture(number)

    def let(self, *numbers: int) -> None:
        with self._changed:
            self._open.update(numbers)
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[set[int]], bool]) -> set[int]:
        with self._changed:
            assert self._changed.wait_for(lambda: condition(self._arrived), PATIENCE_SECONDS)
            return set(self._arrived)


def test_pictures_come_in_order_although_later_ones_are_read_first() -> None:
    gate = Gate()
    taken: list[str] = []
    pictures = read_ahead(range(3), gate.read, no_bytes, readers=3)
    taker = threading.Thread(target=lambda: taken.extend(names(pictures)))
    taker.start()
    gate.wait_for(lambda arrived: arrived == {0, 1, 2})
    gate.let(2, 1)
    assert taken == []
    gate.let(0)
    taker.join(PATIENCE_SECONDS)
    assert taken == ["0.jpg", "1.jpg", "2.jpg"]


def test_no_more_bytes_are_read_than_may_be_in_memory() -> None:
    gate = Gate()
    pictures = read_ahead(range(10), gate.read, lambda _: 40, readers=4, max_bytes=100)
    gate.let(*range(10))
    assert next(pictures).source == "0.jpg"
    # The first is ours until the next is asked for; two of 40 bytes fit.
    assert gate.wait_for(lambda arrived: arrived >= {0, 1}) == {0, 1}
    assert names(pictures) == [f"{number}.jpg" for number in range(1, 10)]


def test_a_picture_larger_than_all_memory_is_read_alone() -> None:
    sizes = [10, 10, 5000, 10, 10]
    pictures = read_ahead(range(5), picture, sizes.__getitem__, readers=3, max_bytes=100)
    assert names(pictures) == [f"{number}.jpg" for number in range(5)]


def test_what_a_reader_raises_comes_where_its_picture_would() -> None:
    def read(number: int) -> Picture:
        if number == 2:
            raise ConnectionError("the cable is out")
        return picture(number)

    pictures = read_ahead(range(100), read, no_bytes, readers=4)
    assert [next(pictures).source, next(pictures).source] == ["0.jpg", "1.jpg"]
    with pytest.raises(ConnectionError, match="the cable is out"):
        next(pictures)


def test_a_size_that_cannot_be_said_holds_nobody_up() -> None:
    def size_bytes(number: int) -> int:
        if number == 1:
            raise ConnectionError("the cable is out")
        return 60

    pictures = read_ahead(range(5), picture, size_bytes, readers=2, max_bytes=100)
    assert next(pictures).source == "0.jpg"
    with pytest.raises(ConnectionError):
        next(pictures)


def test_items_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def endless() -> Iterator[int]:
        number = 0
        while True:
            taken.append(number)
            yield number
            number += 1

    pictures = read_ahead(endless(), picture, no_bytes, readers=2)
    for _ in range(10):
        next(pictures)
    pictures.close()
    assert len(taken) <= 10 + 2 * 2


def test_readers_end_when_nobody_wants_more() -> None:
    before = threading.active_count()
    pictures = read_ahead(range(100), picture, lambda _: 60, readers=4, max_bytes=100)
    next(pictures)
    pictures.close()
    assert threading.active_count() == before
