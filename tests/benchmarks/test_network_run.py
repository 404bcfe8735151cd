import pytest

from benchmarks.ceilings import Swept
from benchmarks.crew import Hands, Layout, Pace
from benchmarks.network_run import long_enough
from benchmarks.serving import QUICK


@pytest.mark.parametrize(("pace", "seconds"), [(1000, QUICK.seconds), (20, 5)])
def test_runs_are_long_enough_for_a_slow_network(pace: float, seconds: float) -> None:
    layout = Layout(Hands("cpu", 1, 1), 1, 1)
    swept = [
        Swept("infer", layout, Pace(2 * pace, 1, 1)),
        Swept("decode + infer", layout, Pace(pace, 1, 1)),
    ]
    assert long_enough(QUICK, swept).seconds == seconds
