"""Evidence: ordered, bounded, serialisable."""

import json

from wtspec.suite.network.virtual_loop import run_virtual
from wtspec.suite.peer.timeline import FIRST, LAST, VALUE_LIMIT, Moment, Timeline


def filled(count: int) -> Timeline:
    async def fill() -> Timeline:
        timeline = Timeline()
        for number in range(count):
            timeline.sent("stream 0", f"frame {number}")
        return timeline

    return run_virtual(fill())


def test_a_moment_reads_as_a_line() -> None:
    moment = Moment(0.0125, "received", "stream 4", "FIN")
    assert str(moment) == "    12.50 ms <- stream 4: FIN"


def test_a_short_timeline_is_whole() -> None:
    timeline = filled(3)
    assert [one.what for one in timeline.moments] == ["frame 0", "frame 1", "frame 2"]
    assert timeline.left_out == 0
    assert len(json.loads(json.dumps(timeline.to_json()))) == 3


def test_a_long_one_keeps_both_ends_and_says_so() -> None:
    timeline = filled(FIRST + LAST + 7)
    assert timeline.left_out == 7
    assert timeline.moments[0].what == "frame 0"
    assert timeline.moments[-1].what == f"frame {FIRST + LAST + 6}"
    assert timeline.to_json()[FIRST]["what"] == "7 left out"


def test_values_are_bounded() -> None:
    async def script() -> str:
        timeline = Timeline()
        timeline.note("long", "x" * 100_000)
        return timeline.moments[0].value

    assert VALUE_LIMIT <= len(run_virtual(script())) < VALUE_LIMIT + 40
