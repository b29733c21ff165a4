"""Faults about what is announced in SETTINGS and transport parameters."""

from collections.abc import Mapping

from wtspec.implementations.reference.decisions.control import ControlRules
from wtspec.implementations.reference.decisions.negotiation import NegotiationRules, Pairs
from wtspec.implementations.reference.decisions.quic import QuicRules
from wtspec.implementations.reference.faults.fault import SERVER, fault, oddity
from wtspec.suite.dialect import Side
from wtspec.suite.wire import frames, settings, varint
from wtspec.suite.wire.frames import FrameType
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.transport_parameters import Parameter

_ENABLING = {
    Setting.WT_ENABLED,
    Setting.WT_MAX_SESSIONS,
    Setting.ENABLE_WEBTRANSPORT,
    Setting.WEBTRANSPORT_MAX_SESSIONS_04,
    Setting.WEBTRANSPORT_MAX_SESSIONS_07,
}


@fault("announces-no-webtransport")
class AnnouncesNoWebtransport(NegotiationRules):
    """The draft's own setting is left out."""

    def settings(self, side: Side, honest: Pairs) -> Pairs:
        # In 13 and 14 a number above one also switches flow control on, which is another matter.
        switches = {Setting.WT_MAX_SESSIONS}
        return tuple(
            (number, value)
            for number, value in honest
            if number not in _ENABLING or (number in switches and value > 1)
        )


@fault("announces-webtransport-twofold")
class AnnouncesWebtransportTwofold(NegotiationRules):
    """A setting that is 0 or 1 is announced as 2."""

    def settings(self, side: Side, honest: Pairs) -> Pairs:
        doubled = {Setting.WT_ENABLED, Setting.ENABLE_WEBTRANSPORT}
        return tuple((number, 2 if number in doubled else value) for number, value in honest)


@fault("announces-no-connect-protocol")
class AnnouncesNoConnectProtocol(NegotiationRules):
    """Extended CONNECT is not announced."""

    def settings(self, side: Side, honest: Pairs) -> Pairs:
        return tuple(pair for pair in honest if pair[0] != Setting.ENABLE_CONNECT_PROTOCOL)


@fault("announces-no-http-datagrams")
class AnnouncesNoHttpDatagrams(NegotiationRules):
    """HTTP Datagrams are not announced."""

    def settings(self, side: Side, honest: Pairs) -> Pairs:
        left_out = {Setting.H3_DATAGRAM, Setting.H3_DATAGRAM_04}
        return tuple(pair for pair in honest if pair[0] not in left_out)


@fault("announces-no-quic-datagrams")
class AnnouncesNoQuicDatagrams(QuicRules):
    """max_datagram_frame_size is announced as 0."""

    def parameters(self) -> Mapping[int, bytes | None]:
        return {Parameter.MAX_DATAGRAM_FRAME_SIZE: varint.encode(0)}


@fault("announces-no-reset-stream-at")
class AnnouncesNoResetStreamAt(QuicRules):
    """RESET_STREAM_AT is announced under neither of its numbers."""

    def reset_stream_at(self, honest: tuple[int, ...]) -> tuple[int, ...]:
        return ()


@fault("announces-reset-stream-at-with-a-value")
class AnnouncesResetStreamAtWithAValue(QuicRules):
    """The parameters that announce RESET_STREAM_AT are not empty."""

    def parameters(self) -> Mapping[int, bytes | None]:
        numbers = (Parameter.RESET_STREAM_AT, Parameter.RESET_STREAM_AT_OLD)
        return dict.fromkeys(numbers, varint.encode(1))


@fault("announces-less-than-configured")
class AnnouncesLessThanConfigured(NegotiationRules):
    """The initial limit of data is announced as one byte less than it is."""

    def settings(self, side: Side, honest: Pairs) -> Pairs:
        return tuple(
            (number, value - (number == Setting.WT_INITIAL_MAX_DATA and value > 1))
            for number, value in honest
        )


@fault("announces-a-setting-twice")
class AnnouncesASettingTwice(ControlRules):
    """The last setting is there twice."""

    def first_frames(self, settings_payload: bytes) -> bytes:
        pairs = settings.decode(settings_payload)
        return super().first_frames(settings.encode((*pairs, *pairs[-1:])))


@fault("announces-settings-of-http2")
class AnnouncesSettingsOfHttp2(ControlRules):
    """SETTINGS_MAX_FRAME_SIZE of HTTP/2 is announced."""

    def first_frames(self, settings_payload: bytes) -> bytes:
        foreign = settings.encode(((0x5, 16384),))
        return frames.encode(FrameType.SETTINGS, settings_payload + foreign)


@fault("waits-with-settings")
class WaitsWithSettings(ControlRules):
    """SETTINGS leave only when something of the peer's has come."""

    def speaks_first(self) -> bool:
        return False


@oddity("announces-the-older-reset-stream-at")
class AnnouncesTheOlderResetStreamAt(QuicRules):
    """RESET_STREAM_AT is announced under its older number alone (A15)."""

    def reset_stream_at(self, honest: tuple[int, ...]) -> tuple[int, ...]:
        return (Parameter.RESET_STREAM_AT_OLD,)


@oddity("counts-sessions-generously", SERVER)
class CountsSessionsGenerously(NegotiationRules):
    """A setting that is a number of sessions is as large as can be where that changes nothing."""

    def settings(self, side: Side, honest: Pairs) -> Pairs:
        counts = {Setting.WEBTRANSPORT_MAX_SESSIONS_04, Setting.WEBTRANSPORT_MAX_SESSIONS_07}
        return tuple((number, varint.MAX if number in counts else v) for number, v in honest)


@fault("allows-two-unidirectional-streams")
class AllowsTwoUnidirectionalStreams(QuicRules):
    """The control stream and one more, as if QPACK had only one."""

    def parameters(self) -> Mapping[int, bytes | None]:
        return {Parameter.INITIAL_MAX_STREAMS_UNI: varint.encode(2)}
