"""How a connection is made: everything the owner decides before the first packet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from wtspec.suite.quic.identity import Identity
from wtspec.suite.wire.transport_parameters import Parameter


@dataclass(frozen=True, slots=True)
class Verify:
    """What a client demands of the server's certificate: nothing, our own CA, or a known hash.

    `hashes_sha256` are SHA-256 over the DER form; the hash alone decides, as for a browser's
    serverCertificateHashes.
    """

    ca_pem: bytes | None = None
    hashes_sha256: frozenset[bytes] = frozenset()

    NONE: ClassVar[Verify]

    @classmethod
    def ca(cls, pem: bytes) -> Verify:
        return cls(ca_pem=pem)

    @classmethod
    def hashes(cls, *hashes_sha256: bytes) -> Verify:
        return cls(hashes_sha256=frozenset(hashes_sha256))


Verify.NONE = Verify()


@dataclass(frozen=True, slots=True)
class QuicOptions:
    """Both roles; a server needs `identity`, a client may want `server_name` and `verify`.

    Transport parameters are made in this order: the honest ones follow from the fields, then
    `reset_stream_at` ids are added empty, then `parameters` replaces a value (bytes, sent as they
    are) or withholds it (None), then `extra_parameters` are appended, duplicates included. Such
    edits change what the peer reads, not what the engine itself enforces.

    `max_stream_data_uni` is for unidirectional streams; None: as the others.

    With `fixed_windows` no window grows unless it is granted; without it they double as the peer
    uses them. With `grants_streams` false, MAX_STREAMS is never raised unless granted. With
    `answers_stops` a STOP_SENDING that `on_event` left unanswered is answered by RESET_STREAM with
    its own code (RFC 9000 section 3.5). Without `heeds_reliable_size` a RESET_STREAM_AT is taken
    for a RESET_STREAM, its Reliable Size unread.
    """

    alpn: tuple[str, ...] = ("h3",)
    server_name: str | None = None
    identity: Identity | None = None
    verify: Verify = Verify.NONE
    idle_timeout_s: float = 30.0
    udp_payload_bytes: int = 1200
    max_datagram_frame_size: int | None = 65535
    max_streams_bidi: int = 128
    max_streams_uni: int = 128
    max_data: int = 16 * 1024 * 1024
    max_stream_data: int = 4 * 1024 * 1024
    max_stream_data_uni: int | None = None
    fixed_windows: bool = False
    grants_streams: bool = True
    answers_stops: bool = True
    heeds_reliable_size: bool = True
    reset_stream_at: tuple[int, ...] = (Parameter.RESET_STREAM_AT, Parameter.RESET_STREAM_AT_OLD)
    parameters: Mapping[int, bytes | None] = field(default_factory=dict)
    extra_parameters: tuple[tuple[int, bytes], ...] = ()
    x25519_only: bool = True
    key_log: Callable[[str], None] | None = None
