"""The library's events as ours."""

from collections.abc import Callable, Mapping
from typing import Any

from aioquic.quic import events as library

from wtspec.suite.quic import events
from wtspec.suite.quic.shim import Engine, Own

_BAD_CERTIFICATE = 0x100 + 42
_CRYPTO_FRAME = 0x06


def _stream_reset(engine: Engine, event: library.StreamReset) -> events.StreamReset:
    receiver = engine.streams.of(event.stream_id).receiver
    final_size = receiver.final_size
    assert final_size is not None
    return events.StreamReset(
        event.stream_id, event.error_code, final_size, receiver.reliable_size, receiver.announced_by
    )


def _stop_sending(engine: Engine, event: library.StopSendingReceived) -> events.StopSending | None:
    sender = engine.streams.of(event.stream_id).sender
    if sender.stop_is_reported:
        return None
    sender.stop_is_reported = True
    return events.StopSending(event.stream_id, event.error_code)


def _handshake_completed(
    engine: Engine, event: library.HandshakeCompleted
) -> events.HandshakeCompleted | None:
    """The handshake is not over for a server whose certificate has none of the pinned hashes."""
    pinned = engine.options.verify.hashes_sha256
    if engine.is_client and pinned and engine.certificate_hash_sha256 not in pinned:
        engine.close(_BAD_CERTIFICATE, _CRYPTO_FRAME, "the certificate has another hash")
        return None
    return events.HandshakeCompleted(event.alpn_protocol)


def _closed(engine: Engine, event: library.ConnectionTerminated) -> events.Closed | None:
    if engine.is_closed:
        return None
    engine.is_closed = True
    return events.Closed(
        code=event.error_code,
        frame_type=event.frame_type,
        reason=event.reason_phrase,
        by=engine.closer,
        is_application=event.frame_type is None,
    )


_TRANSLATIONS: Mapping[type[library.QuicEvent], Callable[[Engine, Any], events.Event | None]] = {
    Own: lambda _, event: event.event,
    library.StreamDataReceived: lambda _, event: events.StreamData(
        event.stream_id, event.data, event.end_stream
    ),
    library.StreamReset: _stream_reset,
    library.StopSendingReceived: _stop_sending,
    library.DatagramFrameReceived: lambda _, event: events.DatagramReceived(event.data),
    library.PingAcknowledged: lambda _, event: events.PingAcknowledged(event.uid),
    library.HandshakeCompleted: _handshake_completed,
    library.ConnectionTerminated: _closed,
}


def translate(engine: Engine, event: library.QuicEvent) -> events.Event | None:
    """None for what is no news to the owner: repetitions, and the library's own affairs."""
    translation = _TRANSLATIONS.get(type(event))
    return None if translation is None else translation(engine, event)
