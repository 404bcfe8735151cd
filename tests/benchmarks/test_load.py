import math

import pytest

from benchmarks.load import Load, closed_loop, installed, join, offered, parse
from benchmarks.pictures import Body
from tests.benchmarks.echo import Echo

CSV = """response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset
0.5000,0.0001,0.0000,0.0000,0.0100,0.0000,200,0.2000
1.0000,0.0001,0.0000,0.0000,0.0100,0.0000,200,2.0000
3.0000,0.0001,0.0000,0.0000,0.0100,0.0000,200,6.0000
0.0100,0.0001,0.0000,0.0000,0.0100,0.0000,429,7.0000
4.0000,0.0001,0.0000,0.0000,0.0100,0.0000,200,9.0000
"""

needs_hey = pytest.mark.skipif(not installed(), reason="hey is not installed: deploy/bench.sh")


def test_latencies_statuses_and_starts_are_read_from_heys_table() -> None:
    load = parse(CSV, seconds=10)
    assert load.latencies == (0.5, 1.0, 3.0, 0.01, 4.0)
    assert load.starts == (0.2, 2.0, 6.0, 7.0, 9.0)
    assert load.counts() == {200: 4, 429: 1}


def test_the_pace_counts_answers_between_the_ramp_and_the_end() -> None:
    # Of four 200s, one ends in the first tenth and one after the end; two are left in nine seconds.
    assert parse(CSV, seconds=10).per_second == pytest.approx(2 / 9)


def test_goodput_counts_only_what_came_in_time() -> None:
    assert parse(CSV, seconds=10).within(2.0) == pytest.approx(1 / 9)


def test_the_offered_rate_counts_refused_requests_too() -> None:
    assert parse(CSV, seconds=10).offered_per_second == pytest.approx(4 / 9)


def test_quantiles_are_of_accepted_requests_alone() -> None:
    load = Load(1, 0.1, (0.1, 0.2, 0.3), (0.1, 0.3, 9.0), (200, 200, 503))
    assert load.quantile_ms(0.5) == pytest.approx(200)
    assert math.isnan(Load(1, 0.1, (0.1,), (0.1,), (503,)).quantile_ms(0.5))


def test_runs_at_the_same_time_join_into_one() -> None:
    load = parse(CSV, seconds=10)
    both = join([load, load], client_cpu_seconds=2.5)
    assert both.per_second == pytest.approx(2 * load.per_second)
    assert both.client_cpu_seconds == 2.5


def test_a_later_start_shifts_what_it_saw() -> None:
    later = parse(CSV, seconds=10, ramp_seconds=2, delay=0.5)
    assert later.starts == (0.7, 2.5, 6.5, 7.5, 9.5)
    assert later.ramp_seconds == 2


def test_a_run_without_answers_has_no_pace() -> None:
    assert parse("", seconds=5).per_second == 0


@needs_hey
def test_every_client_sends_the_body_as_it_is(echo: Echo, body: Body) -> None:
    load = closed_loop(echo.url, body, clients=3, seconds=1)
    assert set(load.counts()) == {200}
    assert load.per_second > 0
    assert echo.seen == {(body.content_type, body.file.read_bytes())}


@needs_hey
def test_a_stated_rate_is_spread_over_time(echo: Echo, body: Body) -> None:
    load = offered(echo.url, body, rate=80, clients=32, seconds=2)
    assert 50 < load.offered_per_second < 90
    assert len({round(start, 1) for start in load.starts}) > 5
