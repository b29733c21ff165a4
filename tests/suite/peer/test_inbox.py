"""What came at one place, told once."""

from wtspec.suite.peer.inbox import Inbox
from wtspec.suite.signal import CapsuleSeen, Data, Draining, Fin, Reset, SessionClosed, Stop


def test_bytes_are_joined_into_the_end() -> None:
    inbox = Inbox()
    inbox.put_bytes(b"a")
    inbox.put_bytes(b"b")
    inbox.put(Fin())
    inbox.put(Stop(1))
    assert inbox.take() == (Fin(b"ab"), Stop(1))
    assert inbox.take() == ()


def test_bytes_without_an_end_stand_first() -> None:
    inbox = Inbox()
    inbox.put(Reset(1, 0))
    inbox.put_bytes(b"a")
    assert inbox.take() == (Data(b"a"), Reset(1, 0))


def test_an_end_counts_only_bytes_not_told_before() -> None:
    inbox = Inbox()
    inbox.put_bytes(b"a")
    assert inbox.take() == (Data(b"a"),)
    inbox.put(Fin())
    assert inbox.take() == (Fin(b""),)


def test_what_is_passed_over_is_seen_and_not_told() -> None:
    inbox = Inbox()
    inbox.put(CapsuleSeen("MaxData", 1))
    assert not inbox.has(lambda one: not isinstance(one, CapsuleSeen))
    assert inbox.take(lambda one: isinstance(one, CapsuleSeen)) == ()
    assert inbox.seen == [CapsuleSeen("MaxData", 1)]


def test_repetitions_are_told_once() -> None:
    inbox = Inbox()
    inbox.put(Stop(1))
    inbox.put(Stop(1))
    assert inbox.take() == (Stop(1),)


def test_a_race_of_two_directions_does_not_show() -> None:
    first, second = Inbox(), Inbox()
    signals = [Stop(1), Reset(1, 0), Draining(), Fin(), SessionClosed(1, b"")]
    for one in signals:
        first.put(one)
    for one in reversed(signals):
        second.put(one)
    assert first.take() == second.take()
    assert first.seen != second.seen
