"""A non-blocking UDP socket, and what Linux tells about datagrams that did not get through."""

import errno
import socket
import struct
import sys
from collections.abc import Iterator

from wtspec.suite.network.link import Addr, family

RECEIVE_BUFFER_BYTES = 1 << 20
LARGEST_DATAGRAM_BYTES = 65535

# From linux/in.h, linux/in6.h and asm-generic/socket.h: Python 3.11 has no names for these.
_IP_RECVERR = 11
_IPV6_RECVERR = 25
_SO_MEMINFO = 55
_MEMINFO_WORDS = 9
_MEMINFO_DROPS = 8

_UNREACHABLE = frozenset({errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH})
_NOT_SENT = frozenset({errno.EAGAIN, errno.ENOBUFS, errno.EMSGSIZE})


def open_socket(local: Addr) -> socket.socket:
    """A bound socket that asks to be told of refusals, where the system can tell."""
    chosen = family(local[0])
    made = socket.socket(chosen, socket.SOCK_DGRAM)
    try:
        made.setblocking(False)
        # The kernel may grant less; `dropped_by_kernel` shows when that was not enough.
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if sys.platform == "linux":
            # Without it an unconnected socket never hears of "port unreachable", and a connected
            # one would not see an endpoint that answers from another address.
            if chosen == socket.AF_INET:
                made.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
            else:
                made.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        made.bind(local)
    except OSError:
        made.close()
        raise
    return made


def address_of(made: socket.socket) -> Addr:
    """Where the socket is bound."""
    host, port = made.getsockname()[:2]
    return host, port


def receive(made: socket.socket) -> tuple[bytes, Addr] | None:
    """The next datagram and its sender; None if there is none now.

    A refusal of something we sent may be reported in its place: it is passed over here, because
    `refusals` gives the same with its address.
    """
    while True:
        try:
            data, sender = made.recvfrom(LARGEST_DATAGRAM_BYTES)
        except BlockingIOError:
            return None
        except OSError as error:
            if error.errno not in _UNREACHABLE:
                raise
        else:
            return data, (sender[0], sender[1])


def send(made: socket.socket, data: bytes, to: Addr) -> bool:
    """Send one datagram; False if the system would not take it, which UDP calls a loss."""
    family(to[0])  # a name would be looked up, and block the loop
    for _ in range(2):
        try:
            made.sendto(data, to)
        except OSError as error:
            if error.errno in _NOT_SENT:
                return False
            if error.errno not in _UNREACHABLE:
                raise
            # The refusal of an earlier datagram; reporting it used up the call.
            continue
        return True
    return False


def refusals(made: socket.socket) -> Iterator[Addr]:
    """Addresses of ours that turned out unreachable since the last call; Linux only."""
    if sys.platform != "linux":
        return
    while True:
        try:
            _, _, _, destination = made.recvmsg(0, 512, socket.MSG_ERRQUEUE)
        except OSError:
            return
        yield destination[0], destination[1]


def dropped_by_kernel(made: socket.socket) -> int:
    """Datagrams that arrived while the receive buffer was full; 0 where that is not known."""
    if sys.platform != "linux":
        return 0
    words = made.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 4 * _MEMINFO_WORDS)
    if len(words) < 4 * _MEMINFO_WORDS:
        return 0
    return int(struct.unpack(f"{_MEMINFO_WORDS}I", words)[_MEMINFO_DROPS])
