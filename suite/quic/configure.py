"""Our options as the library's configuration."""

import io
import logging
import ssl
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TextIO, cast

from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.packet import QuicProtocolVersion
from aioquic.quic.recovery import QuicPacketPacer
from aioquic.tls import load_pem_private_key, load_pem_x509_certificates

from wtspec.suite.quic.identity import Identity
from wtspec.suite.quic.options import QuicOptions

CONNECTION_ID_BYTES = 8
VERSIONS = (QuicProtocolVersion.VERSION_1,)

# What the library has to say reaches the owner as an event; without a handler of its own, Python
# would print the library's warnings to standard error.
logging.getLogger("quic").addHandler(logging.NullHandler())


def configuration(
    options: QuicOptions, is_client: bool, on_key: Callable[[str], None]
) -> QuicConfiguration:
    """A new configuration; the certificate is parsed once an identity."""
    result = QuicConfiguration(
        is_client=is_client,
        alpn_protocols=list(options.alpn),
        connection_id_length=CONNECTION_ID_BYTES,
        idle_timeout=options.idle_timeout_s,
        max_data=options.max_data,
        max_stream_data=options.max_stream_data,
        max_datagram_size=options.udp_payload_bytes,
        max_datagram_frame_size=options.max_datagram_frame_size,
        server_name=options.server_name,
        supported_versions=list(VERSIONS),
        verify_mode=ssl.CERT_NONE if options.verify.ca_pem is None else ssl.CERT_REQUIRED,
        cadata=options.verify.ca_pem,
        secrets_log_file=cast(TextIO, _KeyLog(on_key)),
    )
    if options.identity is not None:
        result.certificate, result.private_key = _loaded(options.identity)
    return result


class Unpaced(QuicPacketPacer):
    """Sends at once whatever the congestion window allows.

    Pacing would merge what two flushes wrote into one packet, and a flush is a packet boundary.
    """

    def next_send_time(self, now: float) -> float:  # noqa: ARG002 - the library's signature
        # The library returns None too, against its own annotation.
        return cast(float, None)


class _KeyLog(io.TextIOBase):
    """A file of SSLKEYLOGFILE lines, as far as the library uses one."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        super().__init__()
        self._on_line = on_line

    def write(self, line: str) -> int:
        self._on_line(line.rstrip("\n"))
        return len(line)


@lru_cache(maxsize=64)
def _loaded(identity: Identity) -> tuple[Any, Any]:
    certificate = load_pem_x509_certificates(identity.certificate_pem)[0]
    return certificate, load_pem_private_key(identity.key_pem)
