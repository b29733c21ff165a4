import pytest

from wtspec.suite.network.lane import Crossing, Lane
from wtspec.suite.network.path import CLEAN, Delay, Direction, Drop, Duplicate, Hold, Path, Swap

TO = Direction.TO_ENDPOINT
FROM = Direction.FROM_ENDPOINT
SOMEWHERE = ("192.0.2.9", 443)


def lane(path: Path = CLEAN, trace: list[Crossing] | None = None, opened_s: float = 0.0) -> Lane:
    kept = [] if trace is None else trace
    return Lane(path, 1, TO, link=0, opened_s=opened_s, record=kept.append)


def leaving(one: Lane, *packets: bytes, now_s: float = 0.0) -> list[bytes]:
    """What goes on when these packets are sent, in the order in which it is due."""
    departures = [leaving for data in packets for leaving in one.push(data, SOMEWHERE, now_s)]
    return [departure.data for departure in sorted(departures, key=lambda each: each.due_s)]


def test_packets_of_one_instant_keep_their_order() -> None:
    one = lane(Path(delay_s=0.02))
    dues = [one.push(b"", SOMEWHERE, 5.0)[0].due_s for _ in range(1000)]
    assert dues == sorted(set(dues))
    assert dues[-1] - 5.02 < 2e-6


def test_a_packet_right_behind_a_flight_does_not_overtake_its_end() -> None:
    one = lane()
    flight = [one.push(b"", SOMEWHERE, 5.0)[0].due_s for _ in range(10)]
    # An answer to the first of the flight is sent while the rest of it still leaves.
    (behind,) = one.push(b"", SOMEWHERE, flight[0])
    assert behind.due_s > flight[-1]


def test_a_shorter_delay_may_overtake() -> None:
    assert leaving(lane(Path(fates=(Delay(TO, 0, 0.5),))), b"0", b"1", b"2") == [b"1", b"2", b"0"]


def test_only_an_undelayed_packet_goes_on_at_once() -> None:
    assert lane().push(b"", SOMEWHERE, 1.0)[0].at_once
    assert not lane(Path(delay_s=0.02)).push(b"", SOMEWHERE, 1.0)[0].at_once


def test_a_swapped_packet_follows_the_next() -> None:
    assert leaving(lane(Path(fates=(Swap(TO, 1),))), b"0", b"1", b"2") == [b"0", b"2", b"1"]


def test_a_held_packet_follows_the_one_it_waits_for() -> None:
    one = lane(Path(fates=(Hold(TO, 0, until_index=2),)))
    assert leaving(one, b"0", b"1") == [b"1"]
    assert leaving(one, b"2", b"3", now_s=9.0) == [b"2", b"0", b"3"]


def test_a_held_packet_is_freed_by_a_packet_that_is_itself_lost() -> None:
    assert leaving(lane(Path(fates=(Swap(TO, 0), Drop(TO, 1)))), b"0", b"1") == [b"0"]


def test_a_held_packet_may_wait_for_a_held_one() -> None:
    path = Path(fates=(Swap(TO, 0), Swap(TO, 1)))
    assert leaving(lane(path), b"0", b"1", b"2") == [b"0", b"2", b"1"]


def test_copies_leave_together() -> None:
    assert leaving(lane(Path(fates=(Duplicate(TO, 0),))), b"0", b"1") == [b"0", b"0", b"1"]


def test_a_script_counts_from_the_next_packet() -> None:
    one = lane()
    assert leaving(one, b"0", b"1") == [b"0", b"1"]
    one.script((Drop(TO, 1), Drop(FROM, 0)))
    assert leaving(one, b"2", b"3", b"4") == [b"2", b"4"]


def test_a_script_overrides_what_the_path_had_planned() -> None:
    one = lane(Path(fates=(Drop(TO, 0),)))
    one.script((Duplicate(TO, 0),))
    assert leaving(one, b"0") == [b"0", b"0"]


def test_black_holes_count_from_the_opening_of_the_link() -> None:
    one = lane(Path(blackhole_s=((0.0, 1.0),)), opened_s=100.0)
    assert leaving(one, b"0", now_s=100.5) == []
    assert leaving(one, b"1", now_s=101.5) == [b"1"]


def test_every_decision_is_recorded() -> None:
    trace: list[Crossing] = []
    one = lane(Path(fates=(Drop(TO, 0),)), trace)
    leaving(one, b"abc", now_s=1.0)
    leaving(one, b"d", now_s=2.0)
    assert [(each.time_s, each.index, each.size_bytes) for each in trace] == [(1, 0, 3), (2, 1, 1)]
    assert [len(each.deliveries) for each in trace] == [0, 1]
    assert {(each.link, each.direction) for each in trace} == {(0, TO)}


@pytest.mark.parametrize("now_s", [0.0, 3600.0, 1e6])
def test_a_nanosecond_is_still_visible_late_in_a_run(now_s: float) -> None:
    one = lane()
    dues = [one.push(b"", SOMEWHERE, now_s)[0].due_s for _ in range(100)]
    assert len(set(dues)) == 100
