"""Progress is a bar on a terminal, and now and then a line elsewhere."""

import io

from scoring.progress import Lines, clock_time, count_errors, show_progress


class Terminal(io.StringIO):
    """Says that it is one."""

    def isatty(self) -> bool:
        return True


class Clock:
    """Stands still until it is moved."""

    seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_lines_say_how_far_it_is_how_fast_and_how_long_it_will_take() -> None:
    clock, lines = Clock(), list[str]()
    progress = Lines(10_000, 2_000, write=lines.append, seconds=5, clock=clock)
    progress.scored(8, 0)
    clock.seconds += 4.9
    progress.scored(392, 0)
    assert not lines
    clock.seconds += 0.1
    progress.scored(100, 3)
    assert lines == ["2,500 of 10,000 pictures, 100.0 a second, 3 errors, 1:15 left"]
    clock.seconds += 1
    progress.scored(8, 0)
    assert len(lines) == 1
    clock.seconds += 4
    progress.scored(492, 0)
    assert lines[1:] == ["3,000 of 10,000 pictures, 100.0 a second, 3 errors, 1:10 left"]


def test_where_there_is_no_terminal_there_are_lines_without_control_characters() -> None:
    stream = io.StringIO()
    with show_progress(10, 0, stream) as progress:
        assert isinstance(progress, Lines)
        progress.scored(10, 1)
    assert "\x1b" not in stream.getvalue()


def test_on_a_terminal_there_is_a_bar() -> None:
    stream = Terminal()
    with show_progress(1_000, 400, stream) as progress:
        progress.scored(599, 1)
        progress.scored(1, 0)
    text = stream.getvalue()
    assert "1000/1000" in text
    assert "1 error" in text


def test_numbers_in_words() -> None:
    assert [count_errors(n) for n in (0, 1, 2_000)] == ["no errors", "1 error", "2,000 errors"]
    assert [clock_time(s) for s in (0.4, 59.6, 3_725)] == ["0:00", "1:00", "1:02:05"]
