"""What the shim takes for granted of the private names of aioquic: one test a name.

The overridden ones, and the table itself; test_shim_contract_state.py has those that are read,
called or set. Run both alone against a newer aioquic: what fails must be looked at first.
"""

import ast
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aioquic import tls
from aioquic.quic import configuration, connection, recovery, stream

from wtspec.suite.quic import events, identity, shim
from wtspec.suite.quic.options import QuicOptions
from wtspec.suite.quic.shim import PRIVATE, Engine

Wired = Callable[..., Any]
SERVER = QuicOptions(identity=identity.ed25519())
PUBLISHED = (connection, configuration, recovery, stream, tls)


SUBCLASSES = ("shim.py", "streams.py")


def stored(tree: ast.AST) -> Iterator[str]:
    """Attributes that classes of our own set on themselves, where a name may be the same."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def touched() -> set[str]:
    """Private names of the library that our code mentions, as attribute, override or key."""
    known = set(re.findall(r"\b_{1,2}[a-z]\w*", "".join(map(inspect.getsource, PUBLISHED))))
    found: set[str] = set()
    for path in Path(shim.__file__).parent.glob("*.py"):
        tree = ast.parse(path.read_text())
        ours = set() if path.name in SUBCLASSES else set(stored(tree)) - set(PRIVATE)
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(attr=name) | ast.FunctionDef(name=name) if name in known - ours:
                    found.add(name)
                case ast.Constant(value=str(name)) if name.startswith("_QuicConnection__"):
                    found.add(name)
                case _:
                    pass
    return {name for name in found if not name.endswith("__") and name != "__init__"}


def test_table_lists_what_the_code_touches_and_nothing_else() -> None:
    assert touched() == set(PRIVATE)


def test_every_name_has_its_test() -> None:
    sources = Path(__file__).parent.glob("test_shim_contract*.py")
    tests = set(
        re.findall(r"^def (test_\w+)", "".join(s.read_text() for s in sources), re.MULTILINE)
    )
    names = {name.replace("_QuicConnection_", "").strip("_") for name in PRIVATE}
    assert [name for name in sorted(names) if f"test_{name}" not in tests] == []


def test_initialize() -> None:
    engine = connection.QuicConnection(configuration=configuration.QuicConfiguration())
    engine.connect(("server", 1), 0.0)
    assert isinstance(engine.tls, tls.Context)
    parameters = list(inspect.signature(connection.QuicConnection._initialize).parameters)
    assert parameters == ["self", "peer_cid"]


def test_supported_groups(wired: Wired) -> None:
    def share(x25519_only: bool) -> list[int]:
        engine = Engine(QuicOptions(x25519_only=x25519_only))
        engine.connect(("server", 1), 0.0)
        return list(engine.tls._supported_groups)

    assert share(x25519_only=True) == [tls.Group.X25519]
    assert tls.Group.SECP256R1 in share(x25519_only=False)
    wide, narrow = (wired(QuicOptions(x25519_only=only)) for only in (False, True))
    for wire in (wide, narrow):
        wire.rounds()
        assert any(isinstance(e, events.HandshakeCompleted) for e in wire.seen[wire.client])


def test_serialize_transport_parameters(wired: Wired) -> None:
    wire = wired(
        QuicOptions(parameters={0x01: b"\x05", 0x20: None}, extra_parameters=((7, b"\x01"),))
    )
    raw = wire.client._serialize_transport_parameters()
    assert b"\x01\x01\x05" in raw
    assert raw.endswith(b"\x07\x01\x01")
    extensions = dict(wire.client.tls.handshake_extensions)
    assert extensions[tls.ExtensionType.QUIC_TRANSPORT_PARAMETERS] == raw


def test_parse_transport_parameters(wire: Any) -> None:
    assert dict(wire.client.peer_parameters)[0x0B] == b"\x19"
    assert isinstance(wire.seen[wire.client][0], events.PeerParameters)
    names = list(
        inspect.signature(connection.QuicConnection._parse_transport_parameters).parameters
    )
    assert names == ["self", "data", "from_session_ticket"]


def test_handle_reset_stream_frame(wire: Any) -> None:
    wire.client.queue_raw_packet((b"\x04\x02\x07\x05",))
    wire.rounds(1)
    assert wire.seen[wire.server][-1] == events.StreamReset(2, 7, 5, 0, 4)
    assert wire.server._local_max_data.used == 5


def test_handle_stream_frame(wire: Any) -> None:
    wire.client.queue_raw_packet((b"\x24\x02\x07\x03\x03", b"\x0a\x02\x03abc"))
    wire.rounds(1)
    kinds = [type(event) for event in wire.seen[wire.server][-3:]]
    assert kinds == [events.StreamResetAnnounced, events.StreamData, events.StreamReset]


def test_write_reset_stream_frame(wire: Any) -> None:
    wire.client.send_stream_data(2, b"abc")
    wire.client.streams.of(2).sender.abort(9)
    wire.rounds(1)
    assert events.StreamReset(2, 9, 0, 0, 4) in wire.seen[wire.server]


def test_write_stop_sending_frame(wire: Any) -> None:
    for stream_id in (0, 4):
        wire.client.send_stream_data(stream_id, b"")
        wire.client.streams.of(stream_id).receiver.stop(9)
    wire.client.streams.of(4).is_blocked = True
    wire.rounds(1)
    assert wire.seen[wire.server][-1] == events.StopSending(0, 9)
    assert wire.client.streams.of(4).receiver.stop_pending


def test_write_connection_limits(wire: Any) -> None:
    wire.server.credit.grant_data(1 << 30)
    wire.server.credit.grant_streams("uni", 500)
    wire.rounds(1)
    assert wire.client._remote_max_data == 1 << 30
    assert wire.client.streams_allowed("uni") == 500


def test_write_stream_limits(wire: Any) -> None:
    wire.client.send_stream_data(2, b"x")
    wire.rounds(1)
    wire.server.streams.of(2).max_stream_data_local = 1 << 29
    wire.rounds(1)
    assert wire.client.streams.of(2).max_stream_data_remote == 1 << 29


def test_write_ack_frame(wire: Any) -> None:
    wire.server.hold_acknowledgements(hold=True, now=wire.now)
    wire.client.send_ping(77)
    wire.rounds(4)
    assert events.PingAcknowledged(77) not in wire.seen[wire.client]
    wire.server.hold_acknowledgements(hold=False, now=wire.now)
    wire.rounds(1)
    assert events.PingAcknowledged(77) in wire.seen[wire.client]


def test_write_datagram_frame(wire: Any) -> None:
    wire.client.send_datagram_frame(b"first")
    wire.client.send_datagram_frame(b"second")
    wire.rounds(3)
    fates = [e for e in wire.seen[wire.client] if isinstance(e, events.DatagramFate)]
    assert fates == [events.DatagramFate(n, acknowledged=True) for n in (0, 1)]


def test_write_application(wire: Any) -> None:
    wire.client.send_stream_data(2, b"queued")
    wire.client.queue_raw_packet((b"\x0a\x06\x03raw",))
    assert wire.move(wire.client, wire.server) == 2
    assert [e.stream_id for e in wire.seen[wire.server] if isinstance(e, events.StreamData)] == [
        6,
        2,
    ]


def test_close_begin(wire: Any) -> None:
    wire.client.close(5, None, "bye")
    wire.rounds(1)
    assert wire.seen[wire.client][-1] == events.Closed(5, None, "bye", "local", is_application=True)
    assert wire.seen[wire.server][-1] == events.Closed(5, None, "bye", "peer", is_application=True)
