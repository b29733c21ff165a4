"""The QUIC options that both roles have in common."""

from wtspec.implementations.reference.decisions.quic import QuicRules
from wtspec.suite.quic.options import QuicOptions

CONNECTION_WINDOW_BYTES = 2 << 20
STREAM_WINDOW_BYTES = 512 << 10


def quic_options(rules: QuicRules, max_datagram: int | None) -> QuicOptions:
    """`max_datagram` is the largest datagram frame that we take; None: as large as can be.

    Windows are fixed because `Backpressure` moves them.
    """
    honest = QuicOptions()
    wanted = honest.max_datagram_frame_size if max_datagram is None else max_datagram
    return QuicOptions(
        udp_payload_bytes=rules.udp_payload_bytes(),
        max_datagram_frame_size=rules.max_datagram_frame_size(wanted),
        reset_stream_at=rules.reset_stream_at(honest.reset_stream_at),
        parameters=rules.parameters(),
        fixed_windows=True,
        max_data=CONNECTION_WINDOW_BYTES,
        max_stream_data=STREAM_WINDOW_BYTES,
        grants_streams=rules.grants_streams(),
        answers_stops=rules.answers_stops(),
        heeds_reliable_size=rules.heeds_reliable_size(),
    )
