"""Decisions about requests and responses (draft-ietf-webtrans-http3-16 sections 3.2, 3.3, 5.2)."""

from collections.abc import Sequence

from wtspec.suite.wire import frames
from wtspec.suite.wire.fields import Field
from wtspec.suite.wire.frames import FrameType

Fields = tuple[Field, ...]


class RequestRules:
    """Field sections, statuses, origins, protocols and the number of sessions."""

    # What we send.

    def answers(self) -> bool:
        """A server answers every request; a client sends the one it was asked for."""
        return True

    def deadline_s(self, honest_s: float) -> float:
        """How long a client waits for a session before it gives up."""
        return honest_s

    def request_fields(self, honest: Fields) -> Fields:
        """The CONNECT of a client: pseudo-headers, Origin, what the dialect adds, the caller's."""
        return honest

    def section(self, honest: Fields) -> Fields:
        """Any field section that leaves, of either role."""
        return honest

    def headers_frame(self, encoded: bytes) -> bytes:
        """The same, encoded by QPACK: a HEADERS frame."""
        return frames.encode(FrameType.HEADERS, encoded)

    def response_fields(self, honest: Fields) -> Fields:
        """What the dialect adds to a 2xx (the draft header of 02 to 05)."""
        return honest

    def success_status(self, status: int) -> int:
        """The status that gives a session: 200."""
        return status

    def refusal_status(self, status: int) -> int:
        """The status of any response that gives no session."""
        return status

    # What is made of any message.

    def encoded_section(self, encoded: bytes) -> bytes:
        """A field section as it came, before it is decoded."""
        return encoded

    def read_section(self, section: Fields) -> Fields:
        """The same, decoded, before it is looked at."""
        return section

    def undecodable_costs_connection(self) -> bool:
        """A section that cannot be decoded is a connection error."""
        return True

    def undecodable_code(self, code: int) -> int:
        """What the error is called: QPACK_DECOMPRESSION_FAILED."""
        return code

    def overlooks_section(self, size_bytes: int) -> bool:
        """No section is too large to be noticed."""
        return False

    def frames_may_precede_headers(self) -> bool:
        """Unknown frames may stand in front of HEADERS."""
        return True

    def may_wait_behind(self, size_bytes: int) -> bool:
        """A frame up to HEADERS is waited for to its end, in pieces of any size."""
        return True

    def minds_cut_headers(self) -> bool:
        """A stream that ends inside its HEADERS costs the connection."""
        return True

    def minds_reset_inside_headers(self) -> bool:
        """A reset at the same place costs nothing."""
        return False

    # What a server makes of a request.

    def minds_flaw(self, name: str) -> bool:
        """A malformed message is refused; `name` is that of the `Flaw`."""
        return True

    def malformed_code(self, code: int) -> int:
        """What resets the stream of a malformed message: H3_MESSAGE_ERROR."""
        return code

    def minds_frame(self, kind: str, code: int) -> bool:
        """A frame that may not stand on a request stream costs the connection."""
        return True

    def minds_cut_frame(self) -> bool:
        """An end inside any frame behind the headers is H3_FRAME_ERROR."""
        return True

    def code_for_unknown_frame(self, frame_type: int, size_bytes: int) -> int | None:
        """Frames without a meaning are passed over; else what the connection is closed with."""
        return None

    def taken(self, data: bytes) -> bytes:
        """Every byte of a request stream is read as it comes."""
        return data

    def reserved_frames_are_data(self) -> bool:
        """Frames of unknown types are skipped, payload and all."""
        return False

    def minds_frame_error(self, code: int) -> bool:
        """Bytes that are no frames, and the WT_STREAM signal behind the beginning, do too."""
        return True

    def max_frame_bytes(self) -> int:
        """Larger HEADERS are H3_EXCESSIVE_LOAD; a bound of ours that no draft sets."""
        return 65536

    def is_token(self, protocol: bytes, token: bytes) -> bool:
        """:protocol names the dialect by exactly its token."""
        return protocol == token

    def status_for_unknown_token(self, status: int) -> int:
        """501, as RFC 9220 suggests; any status that gives no session will do."""
        return status

    def status_without_session(self, status: int) -> int:
        """A request that is no extended CONNECT: 404 or 405 as the dialect says, CONNECT 501."""
        return status

    def minds_scheme(self) -> bool:
        """:scheme has to be https; 400 otherwise."""
        return True

    def not_found_status(self, status: int) -> int:
        """No WebTransport at this path: 404 until draft 15, then 405."""
        return status

    def status_for_malformed(self) -> int | None:
        """A malformed request is reset without a status."""
        return None

    def incomplete_code(self, code: int) -> int:
        """What resets a request that ended before its HEADERS: H3_REQUEST_INCOMPLETE."""
        return code

    def answers_to(self, request: Fields) -> bool:
        """Every request is answered, whatever it asks for."""
        return True

    def answers_ended_requests(self) -> bool:
        """A CONNECT whose stream has ended already is answered all the same."""
        return True

    def looked_up(self, target: str) -> str:
        """The part of :path that names the resource: what stands before the query."""
        return target.partition("?")[0]

    def is_same_path(self, wanted: str, path: str) -> bool:
        """A resource is known by its exact path."""
        return wanted == path

    def origins(self, values: Sequence[str]) -> Sequence[str]:
        """Every Origin field counts where there are several."""
        return values

    def is_for_everybody(self, path: str) -> bool:
        """Only the path that is made for it checks origins."""
        return path != "/origin"

    def may_use(self, origin: str, allowed: Sequence[str]) -> bool:
        """An Origin is compared byte by byte with those that may use the resource."""
        return origin in allowed

    def origin_status(self, status: int) -> int:
        """403."""
        return status

    def session_limit(self, limit: int | None) -> int | None:
        """How many sessions of a connection may be open at once; one without flow control."""
        return limit

    def sessions_counted(self, open_now: int, ever: int) -> int:
        """Those that have ended make room for others."""
        return open_now

    def rejected_code(self, code: int) -> int:
        """What resets a request that was not processed: H3_REQUEST_REJECTED."""
        return code

    def serves_requests_together(self) -> bool:
        """A request for a session does not wait until another one is answered."""
        return True

    def early_body_bytes(self) -> int:
        """How much of a CONNECT stream is kept before the response; beyond: H3_EXCESSIVE_LOAD."""
        return 65536

    # Application protocols.

    def field_lines(self, values: Sequence[bytes]) -> Sequence[bytes]:
        """The lines of the offer, or of the choice, are one list (RFC 9651 section 4.2)."""
        return values

    def offer_value(self, honest: bytes) -> bytes:
        """An offer as it is written in the request."""
        return honest

    def needs_common_protocol(self) -> bool:
        """Without a protocol in common there is a session all the same."""
        return False

    def offer_in(self, value: bytes, honest: Sequence[str]) -> Sequence[str]:
        """What an offer's value says, a field of another type or syntax nothing."""
        return honest

    def choice_in(self, value: bytes, honest: str | None) -> str | None:
        """The same of the value of a choice."""
        return honest

    def choice_value(self, honest: bytes) -> bytes:
        """The choice as it is written in the response."""
        return honest

    def offered(self, protocols: Sequence[str]) -> Sequence[str]:
        """What a client offers, most wanted first."""
        return protocols

    def choice(self, offered: Sequence[str], supported: Sequence[str]) -> str | None:
        """The client's order decides among what the server supports; none in common: none."""
        return next((one for one in offered if one in supported), None)

    def protocol_in_response(self, protocol: str | None) -> str | None:
        """The choice as the response names it."""
        return protocol

    def protocol_taken(self, named: str | None, offered: Sequence[str]) -> str | None:
        """What a client reports: the choice if it was offered, none otherwise."""
        return named if named in offered else None

    def minds_protocol(self) -> bool:
        """From draft 15 an unlisted choice, or none where one is required, is WT_ALPN_ERROR."""
        return True

    def protocol_code(self, code: int) -> int:
        """What closes such a session: WT_ALPN_ERROR."""
        return code

    # What a client makes of a response.

    def answers_come_in_order(self) -> bool:
        """Requests are answered in any order."""
        return False

    def is_interim(self, status: int) -> bool:
        """1xx is followed by another response."""
        return status < 200

    def notices(self, ending: str) -> bool:
        """A request that can get no response is given up; `ending`: "end", "reset" or "close"."""
        return True

    def reads_body_of_refusal(self) -> bool:
        """Without a 2xx the body is no sequence of capsules."""
        return False

    def is_success(self, status: int) -> bool:
        """Any 2xx gives the session."""
        return 200 <= status < 300

    def target(self, url: str) -> str:
        """The URL as it was given."""
        return url

    def follows_redirects(self) -> bool:
        """A 3xx is a refusal like others: nothing is followed by itself."""
        return False

    def client_session_limit(self, limit: int | None) -> int | None:
        """How many sessions a client has at once on a connection."""
        return limit

    def processes_early_capsules(self) -> bool:
        """Before the 2xx nothing on the CONNECT stream is a capsule."""
        return False
