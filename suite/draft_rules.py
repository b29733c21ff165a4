"""What can differ between the drafts: the closed sets and the record `Dialect`.

The facts themselves are in `suite/drafts.py`; users import everything from `suite/dialect.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import assert_never

from wtspec.suite.wire import error_codes
from wtspec.suite.wire.capsule import CapsuleType
from wtspec.suite.wire.error_codes import H3, WT
from wtspec.suite.wire.settings import Setting
from wtspec.suite.wire.transport_parameters import Parameter


class Side(StrEnum):
    """The HTTP role of whoever announces something; the contract's "server" and "client"."""

    SERVER = "server"
    CLIENT = "client"

    @property
    def other(self) -> "Side":
        return Side.CLIENT if self is Side.SERVER else Side.SERVER


class FlowControlRule(Enum):
    """When the limits of a session bind."""

    NONE = "there is no session flow control"
    ALWAYS = "always, the default limits of zero included"
    MAX_SESSIONS = "when both sides allow more than one session"
    EITHER = "when both sides allow more than one session or give a non-zero initial limit"
    LIMITS = "when both sides give a non-zero initial limit"


class StaleLimitRule(Enum):
    """Which later WT_MAX_DATA or WT_MAX_STREAMS ends the session."""

    UNSPECIFIED = "none is named"
    LOWER = "one below the previous"
    NOT_HIGHER = "one that is not above the previous"


class FlowErrorForm(Enum):
    """How a flow control violation ends the session."""

    UNSPECIFIED = "not said"
    RESET = "reset of the CONNECT stream with WT_FLOW_CONTROL_ERROR"
    CLOSE = "the session is closed with WT_FLOW_CONTROL_ERROR, by capsule or reset (A01)"


class OverBoundRule(Enum):
    """What a stream count above 2^60 in a capsule leads to."""

    UNSPECIFIED = "not said"
    DATAGRAM_ERROR = "connection error H3_DATAGRAM_ERROR"
    FLOW_CONTROL_ERROR = "the session is closed with WT_FLOW_CONTROL_ERROR"


class SessionLimitRule(Enum):
    """What bounds the number of sessions of a connection."""

    QUIC = "QUIC stream limits, H3_REQUEST_REJECTED or 429"
    MAX_SESSIONS = "the server's setting; the excess is reset with H3_REQUEST_REJECTED"
    RATE = "no setting: rate limits, 429, H3_REQUEST_REJECTED"


class ProtocolSyntax(Enum):
    """The structured type of the negotiated application protocol's names."""

    NONE = "no negotiation"
    TOKEN = "sf-token"  # noqa: S105 - a structured field type, no secret
    STRING = "sf-string"


class GoawayRule(Enum):
    """What a client that has received GOAWAY may still ask for."""

    UNSPECIFIED = "RFC 9114 alone"
    CONNECTS = "applies to CONNECT requests, sessions go on"
    BY_STREAM_ID = "no CONNECT at or above the stream ID in the frame"
    NO_CONNECT = "no further CONNECT on the connection"


class SignalPosition(Enum):
    """Where 0x41 may stand on a bidirectional stream."""

    ANY_FRAME = "an HTTP/3 frame like others, that runs to the end of the stream"
    FIRST = "the first bytes only; elsewhere H3_FRAME_ERROR"


class Legal(Enum):
    """Which announced values meet a prerequisite."""

    ONE = "1"
    POSITIVE = "above 0"
    PRESENT = "present and empty"
    ANY = "any value"

    def allows(self, value: int) -> bool:
        """`value` is what was announced, 0 when nothing was; of an empty parameter say 1."""
        match self:
            case Legal.ONE:
                return value == 1
            case Legal.POSITIVE | Legal.PRESENT:
                return value > 0
            case Legal.ANY:
                return True
            case never:
                assert_never(never)


class Unmet(Enum):
    """What the other side does when an announcement is missing or has no legal value."""

    NOT_REQUIRED = "nothing: the announcement is optional"
    UNSPECIFIED = "required, the consequence is not said"
    NO_SESSION = "the client asks for no session"
    NO_SESSION_OR_CLOSE = (
        "the client asks for no session, and may close with WT_REQUIREMENTS_NOT_MET"
    )
    MALFORMED = "the server treats every session as malformed (H3_MESSAGE_ERROR)"


class Announced(Enum):
    """The value that an honest endpoint announces; a limit is named by its SessionLimits field."""

    ONE = "1"
    ANY_POSITIVE = "any"
    EMPTY = "empty"
    MAX_SESSIONS = "max_sessions"
    INITIAL_MAX_DATA = "initial_max_data"
    INITIAL_MAX_STREAMS_UNI = "initial_max_streams_uni"
    INITIAL_MAX_STREAMS_BIDI = "initial_max_streams_bidi"


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """What an endpoint grants its peer in SETTINGS: sessions; bytes and streams per session."""

    max_sessions: int = 1
    initial_max_data: int = 0
    initial_max_streams_uni: int = 0
    initial_max_streams_bidi: int = 0


@dataclass(frozen=True, slots=True)
class Announcement:
    """One setting or transport parameter of one side.

    what: the codepoints that say the same thing; an honest endpoint sends all of them, and any one
        of them is enough for its peer.
    too_large: the connection error of a peer that reads a value above 1, where one is named.
    """

    what: tuple[Setting | Parameter, ...]
    value: Announced
    legal: Legal
    unmet: Unmet
    too_large: H3 | None = None

    @property
    def settings(self) -> tuple[Setting, ...]:
        return tuple(what for what in self.what if isinstance(what, Setting))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return tuple(what for what in self.what if isinstance(what, Parameter))

    def announced(self, limits: SessionLimits) -> int:
        match self.value:
            case Announced.ONE | Announced.ANY_POSITIVE | Announced.EMPTY:
                return 1
            case limit:
                return int(getattr(limits, limit.value))


INITIAL_LIMITS = (
    Setting.WT_INITIAL_MAX_STREAMS_UNI,
    Setting.WT_INITIAL_MAX_STREAMS_BIDI,
    Setting.WT_INITIAL_MAX_DATA,
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """One draft of WebTransport over HTTP/3: all that an endpoint or a case needs to know of it."""

    draft: int
    token: bytes
    enabling_setting: Setting
    server_announces: tuple[Announcement, ...]
    client_announces: tuple[Announcement, ...]
    name_prefix: str
    datagram_settings: tuple[Setting, ...]
    capsules: frozenset[CapsuleType]
    errors: frozenset[WT]
    mapping: str = "h3"
    implementable: bool = True
    # the request and its response
    request_fields: tuple[tuple[bytes, bytes], ...] = ()
    response_fields: tuple[tuple[bytes, bytes], ...] = ()
    origin_always: bool = False
    not_found_status: int = 404
    forbids_following_redirects: bool = False
    protocols: ProtocolSyntax = ProtocolSyntax.NONE
    available_protocols_field: bytes = b""
    protocol_field: bytes = b""
    alpn_mismatch_is_fatal: bool = False
    early_capsules: bool = False
    # streams and datagrams
    signal_position: SignalPosition = SignalPosition.FIRST
    application_code_max: int = 0xFFFFFFFF
    reset_stream_at: bool = False
    datagram_format_type: int | None = None
    exporters: bool = False
    # limits
    session_limit: SessionLimitRule = SessionLimitRule.QUIC
    flow_control: FlowControlRule = FlowControlRule.NONE
    stale_limit: StaleLimitRule = StaleLimitRule.UNSPECIFIED
    flow_error_form: FlowErrorForm = FlowErrorForm.UNSPECIFIED
    excess_is_flow_error: bool = False
    max_streams_over_bound: OverBoundRule = OverBoundRule.UNSPECIFIED
    streams_blocked_over_bound: OverBoundRule = OverBoundRule.UNSPECIFIED
    never_lowered_on_resumption: frozenset[Setting] = frozenset()
    # the end
    goaway: GoawayRule = GoawayRule.UNSPECIFIED
    connect_stream_stopped_with: WT | None = None
    close_message_is_checked: bool = False

    @property
    def name(self) -> str:
        return f"{self.mapping}-{self.draft:02}"

    def __str__(self) -> str:
        return self.name

    @property
    def datagram_setting(self) -> Setting:
        """The draft's own number of the HTTP Datagram setting."""
        return self.datagram_settings[0]

    @property
    def client_sends_enabling(self) -> bool:
        return any(self.enabling_setting in a.what for a in self.client_announces)

    @property
    def equal_limit_is_error(self) -> bool:
        return self.stale_limit is StaleLimitRule.NOT_HIGHER

    @property
    def needs_connect_protocol(self) -> bool:
        """The server must announce ENABLE_CONNECT_PROTOCOL; before draft 05 the draft's own setting
        implied it.
        """
        return any(
            Setting.ENABLE_CONNECT_PROTOCOL in a.what and a.unmet is not Unmet.NOT_REQUIRED
            for a in self.server_announces
        )

    def announcements(self, role: str) -> tuple[Announcement, ...]:
        """Everything that an endpoint of that HTTP role ("server" or "client") can announce."""
        return self.server_announces if Side(role) is Side.SERVER else self.client_announces

    def requirements_of_peer(self, role: str) -> tuple[Announcement, ...]:
        """What the other side must have announced for an endpoint of that role, and what if not."""
        theirs = self.announcements(Side(role).other)
        return tuple(a for a in theirs if a.unmet is not Unmet.NOT_REQUIRED)

    def settings(self, role: str, limits: SessionLimits) -> tuple[tuple[int, int], ...]:
        """What an honest endpoint of that role announces: ids and values, without those of QPACK.

        Initial limits of zero are left out, which means the same.
        """
        return tuple(
            (int(setting), value)
            for announcement in self.announcements(role)
            for setting in announcement.settings
            if (value := announcement.announced(limits)) or setting not in INITIAL_LIMITS
        )

    def flow_control_on(self, ours: Mapping[int, int], theirs: Mapping[int, int]) -> bool:
        """Whether session limits bind between two endpoints that announced these settings."""
        return self._intends_flow_control(ours) and self._intends_flow_control(theirs)

    def _intends_flow_control(self, announced: Mapping[int, int]) -> bool:
        shares = announced.get(self.enabling_setting, 0) > 1
        limits = any(announced.get(setting, 0) for setting in INITIAL_LIMITS)
        match self.flow_control:
            case FlowControlRule.NONE:
                return False
            case FlowControlRule.ALWAYS:
                return True
            case FlowControlRule.MAX_SESSIONS:
                return shares
            case FlowControlRule.EITHER:
                return shares or limits
            case FlowControlRule.LIMITS:
                return limits
            case never:
                assert_never(never)

    def error_name(self, code: int) -> str:
        """The name that this draft prints for an error code; others are named as elsewhere."""
        if code in self.errors:
            return f"{self.name_prefix}{WT(code).name}"
        return error_codes.name(code)

    def capsule_name(self, capsule_type: CapsuleType) -> str:
        """The name that this draft prints for a capsule type."""
        if capsule_type is CapsuleType.DATAGRAM:
            return capsule_type.name
        if self.name_prefix != "WT_" and capsule_type in _NAMES_UNTIL_12:
            return _NAMES_UNTIL_12[capsule_type]
        return f"WT_{capsule_type.name}"


_NAMES_UNTIL_12 = {
    CapsuleType.CLOSE_SESSION: "CLOSE_WEBTRANSPORT_SESSION",
    CapsuleType.DRAIN_SESSION: "DRAIN_WEBTRANSPORT_SESSION",
}
