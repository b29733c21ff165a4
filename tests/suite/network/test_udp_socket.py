import errno
import socket
import sys
import time
from collections.abc import Iterator

import pytest

from wtspec.suite.network import udp_socket
from wtspec.suite.network.link import Addr

SOMEWHERE = ("127.0.0.1", 9)


class FailingSocket(socket.socket):
    """Raises what it is told to, then works."""

    errors: list[int]

    def _fail(self) -> None:
        if self.errors:
            raise OSError(self.errors.pop(0), "told to")

    def sendto(self, *args: object) -> int:
        self._fail()
        return len(args)

    def recvfrom(self, *_args: object) -> tuple[bytes, Addr]:
        self._fail()
        return b"data", SOMEWHERE


@pytest.fixture
def failing() -> Iterator[FailingSocket]:
    with FailingSocket(socket.AF_INET, socket.SOCK_DGRAM) as made:
        yield made


@pytest.mark.parametrize(
    ("errors", "sent"),
    [
        ([], True),
        ([errno.ECONNREFUSED], True),
        ([errno.ECONNREFUSED, errno.EHOSTUNREACH], False),
        ([errno.EAGAIN], False),
        ([errno.ENOBUFS], False),
        ([errno.EMSGSIZE], False),
    ],
)
def test_sending_outlives_what_udp_calls_a_loss(
    failing: FailingSocket, errors: list[int], sent: bool
) -> None:
    failing.errors = errors
    assert udp_socket.send(failing, b"data", SOMEWHERE) is sent


def test_a_send_that_is_wrong_is_an_error(failing: FailingSocket) -> None:
    failing.errors = [errno.EINVAL]
    with pytest.raises(OSError, match="told to"):
        udp_socket.send(failing, b"data", SOMEWHERE)


def test_receiving_passes_over_refusals(failing: FailingSocket) -> None:
    failing.errors = [errno.ECONNREFUSED, errno.EHOSTUNREACH]
    assert udp_socket.receive(failing) == (b"data", SOMEWHERE)


def test_nothing_to_receive(failing: FailingSocket) -> None:
    failing.errors = [errno.EAGAIN]
    assert udp_socket.receive(failing) is None


def test_a_receive_that_is_wrong_is_an_error(failing: FailingSocket) -> None:
    failing.errors = [errno.EINVAL]
    with pytest.raises(OSError, match="told to"):
        udp_socket.receive(failing)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_refusals_are_told_once() -> None:
    with udp_socket.open_socket(("127.0.0.1", 0)) as gone:
        nowhere = udp_socket.address_of(gone)
    with udp_socket.open_socket(("127.0.0.1", 0)) as made:
        assert udp_socket.send(made, b"", nowhere)
        # Loopback answers before sendto returns, so there is nothing to wait for.
        assert list(udp_socket.refusals(made)) == [nowhere]
        assert list(udp_socket.refusals(made)) == []


def test_other_systems_tell_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with udp_socket.open_socket(("127.0.0.1", 0)) as made:
        assert list(udp_socket.refusals(made)) == []
        assert udp_socket.dropped_by_kernel(made) == 0


def test_datagrams_cross_without_blocking() -> None:
    with (
        udp_socket.open_socket(("127.0.0.1", 0)) as one,
        udp_socket.open_socket(("127.0.0.1", 0)) as other,
    ):
        started = time.monotonic()
        assert udp_socket.receive(other) is None
        assert time.monotonic() - started < 1.0
        assert udp_socket.send(one, b"data", udp_socket.address_of(other))
        assert udp_socket.receive(other) == (b"data", udp_socket.address_of(one))
        assert udp_socket.dropped_by_kernel(other) == 0
