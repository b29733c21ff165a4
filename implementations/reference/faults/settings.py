"""Faults about the peer's SETTINGS and transport parameters."""

from collections.abc import Collection

from wtspec.implementations.reference.decisions.control import ControlRules
from wtspec.implementations.reference.decisions.quic import QuicRules
from wtspec.implementations.reference.faults.fault import CLIENT, fault, oddity
from wtspec.suite.wire import settings
from wtspec.suite.wire.errors import ExcessiveLoad, FrameError, SettingsError
from wtspec.suite.wire.settings import HTTP2_SETTINGS, Pairs, Setting

_OWN = {Setting.WT_ENABLED, Setting.ENABLE_WEBTRANSPORT}


def _capped(payload: bytes, which: Collection[int]) -> bytes:
    """The payload with 1 for every higher value of these settings."""
    pairs = settings.pairs(payload)
    return settings.encode(
        [(key, min(value, 1) if key in which else value) for key, value in pairs]
    )


@fault("takes-any-value-of-its-setting")
class TakesAnyValueOfItsSetting(ControlRules):
    """A value above 1 of the draft's own setting means the same as 1."""

    def settings_in(self, payload: bytes) -> Pairs:
        return super().settings_in(_capped(payload, _OWN))


@fault("takes-any-value-of-h3-datagram")
class TakesAnyValueOfH3Datagram(ControlRules):
    """A value above 1 of SETTINGS_H3_DATAGRAM means the same as 1."""

    def settings_in(self, payload: bytes) -> Pairs:
        return super().settings_in(_capped(payload, {Setting.H3_DATAGRAM}))


@fault("takes-the-value-1-alone", CLIENT)
class TakesTheValue1Alone(ControlRules):
    """A draft 15 server's SETTINGS_WT_ENABLED above 1 counts as none."""

    def settings_in(self, payload: bytes) -> Pairs:
        pairs = super().settings_in(payload)
        return tuple(pair for pair in pairs if pair[0] != Setting.WT_ENABLED or pair[1] == 1)


@fault("takes-reset-stream-at-with-a-value")
class TakesResetStreamAtWithAValue(QuicRules):
    """Whatever reset_stream_at holds, it is good."""

    def minds_reset_stream_at_value(self) -> bool:
        return False


@fault("calls-a-duplicate-a-frame-error")
class CallsADuplicateAFrameError(ControlRules):
    """A setting given twice costs the connection H3_FRAME_ERROR."""

    def settings_in(self, payload: bytes) -> Pairs:
        numbers = [number for number, _ in settings.pairs(payload)]
        if len(set(numbers)) < len(numbers):
            raise FrameError("a setting given twice")
        return super().settings_in(payload)


@fault("ignores-settings-of-http2")
class IgnoresSettingsOfHttp2(ControlRules):
    """Settings that only HTTP/2 has are passed over."""

    def settings_in(self, payload: bytes) -> Pairs:
        found = settings.pairs(payload)
        left = [pair for pair in found if pair[0] not in HTTP2_SETTINGS]
        return super().settings_in(settings.encode(left))


def _place_of_field_size(pairs: Pairs) -> int | None:
    numbers = [number for number, _ in pairs]
    sought = Setting.MAX_FIELD_SECTION_SIZE
    return numbers.index(sought) if sought in numbers else None


@fault("wants-max-field-section-size-last")
class WantsFieldSizeLast(ControlRules):
    """Nothing may follow SETTINGS_MAX_FIELD_SECTION_SIZE."""

    def settings_in(self, payload: bytes) -> Pairs:
        pairs = super().settings_in(payload)
        if _place_of_field_size(pairs) not in {None, len(pairs) - 1}:
            raise SettingsError("something follows")
        return pairs


@fault("wants-max-field-section-size-first")
class WantsFieldSizeFirst(ControlRules):
    """Nothing may precede SETTINGS_MAX_FIELD_SECTION_SIZE."""

    def settings_in(self, payload: bytes) -> Pairs:
        pairs = super().settings_in(payload)
        if _place_of_field_size(pairs) not in {None, 0}:
            raise SettingsError("something precedes")
        return pairs


@fault("reads-short-varints-only")
class ReadsShortVarintsOnly(ControlRules):
    """Numbers in SETTINGS that are longer than they must be are an error."""

    def settings_in(self, payload: bytes) -> Pairs:
        pairs = super().settings_in(payload)
        if settings.encode(pairs) != payload:
            raise SettingsError("not the shortest encoding")
        return pairs


@fault("takes-few-settings")
class TakesFewSettings(ControlRules):
    """More than 64 settings are H3_EXCESSIVE_LOAD."""

    def settings_in(self, payload: bytes) -> Pairs:
        pairs = super().settings_in(payload)
        if len(pairs) > 64:
            raise ExcessiveLoad("more than 64 settings")
        return pairs


@fault("wants-settings-in-one-piece")
class WantsSettingsInOnePiece(ControlRules):
    """SETTINGS that are not complete when the control stream begins count as missing."""

    def waits_for_rest(self, is_settings: bool) -> bool:
        return not is_settings


@oddity("takes-duplicate-settings")
class TakesDuplicateSettings(ControlRules):
    """Of a setting given twice the first counts."""

    def settings_in(self, payload: bytes) -> Pairs:
        first = dict(reversed(settings.pairs(payload)))
        return super().settings_in(settings.encode(list(first.items())))
