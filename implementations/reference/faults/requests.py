"""Faults about requests: what a client asks with, and what a server makes of it."""

from urllib.parse import quote, unquote

from wtspec.implementations.reference.decisions.requests import Fields, RequestRules
from wtspec.implementations.reference.errors import ConnectionViolation, RequestViolation
from wtspec.implementations.reference.faults.fault import CLIENT, SERVER, fault
from wtspec.implementations.reference.faults.long_numbers import begins_at_length
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.frames import FrameType

_DRAFT02 = b"sec-webtransport-http3-draft02"


def _replaced(section: Fields, name: bytes, value: bytes) -> Fields:
    return tuple((key, value if key == name else old) for key, old in section)


def _path_of(section: Fields) -> str:
    return dict(section).get(b":path", b"").decode()


# Clients.


@fault("asks-with-another-method", CLIENT)
class AsksWithAnotherMethod(RequestRules):
    """A session is asked for with GET."""

    def request_fields(self, honest: Fields) -> Fields:
        return _replaced(honest, b":method", b"GET")


@fault("asks-with-another-scheme", CLIENT)
class AsksWithAnotherScheme(RequestRules):
    """A session is asked for as if by http."""

    def request_fields(self, honest: Fields) -> Fields:
        return _replaced(honest, b":scheme", b"http")


@fault("leaves-the-port-out", CLIENT)
class LeavesThePortOut(RequestRules):
    """:authority is the host alone."""

    def request_fields(self, honest: Fields) -> Fields:
        host = dict(honest)[b":authority"].rpartition(b":")[0]
        return _replaced(honest, b":authority", host)


@fault("decodes-the-path", CLIENT)
class DecodesThePath(RequestRules):
    """Escapes of the URL are resolved before they are sent."""

    def request_fields(self, honest: Fields) -> Fields:
        return _replaced(honest, b":path", unquote(_path_of(honest)).encode())


@fault("encodes-reserved-characters", CLIENT)
class EncodesReservedCharacters(RequestRules):
    """Characters that a path may hold as they are get escaped."""

    def request_fields(self, honest: Fields) -> Fields:
        return _replaced(honest, b":path", quote(_path_of(honest), safe="/?&=%").encode())


@fault("sends-an-empty-path", CLIENT)
class SendsAnEmptyPath(RequestRules):
    """A URL without a path gives none to the request either."""

    def request_fields(self, honest: Fields) -> Fields:
        path = _path_of(honest)
        return (
            _replaced(honest, b":path", path.removeprefix("/").encode())
            if (path.startswith("/?"))
            else honest
        )


@fault("sends-the-fragment", CLIENT)
class SendsTheFragment(RequestRules):
    """What stands behind # in a URL is sent with its path."""

    def target(self, url: str) -> str:
        return url.replace("#", "%23")


@fault("names-another-draft", CLIENT)
class NamesAnotherDraft(RequestRules):
    """The header of draft 02 says no."""

    def request_fields(self, honest: Fields) -> Fields:
        return _replaced(honest, _DRAFT02, b"0")


# Servers.


@fault("takes-plain-connect", SERVER)
class TakesPlainConnect(RequestRules):
    """A CONNECT that asks for a tunnel is answered as if there were one."""

    def status_without_session(self, status: int) -> int:
        return 200 if status == 501 else status


@fault("forgets-ordinary-requests", SERVER)
class ForgetsOrdinaryRequests(RequestRules):
    """Whatever is no CONNECT is never answered."""

    def answers_to(self, request: Fields) -> bool:
        return dict(request).get(b":method") == b"CONNECT"


@fault("closes-at-http", SERVER)
class ClosesAtHttp(RequestRules):
    """A wrong scheme costs the connection."""

    def minds_scheme(self) -> bool:
        raise ConnectionViolation(H3.GENERAL_PROTOCOL_ERROR, "not https")


@fault("forgets-requests-for-http", SERVER)
class ForgetsRequestsForHttp(RequestRules):
    """A request of a wrong scheme is never answered."""

    def answers_to(self, request: Fields) -> bool:
        return dict(request).get(b":scheme") != b"http"


@fault("accepts-every-path", SERVER)
class AcceptsEveryPath(RequestRules):
    """Where nothing is found, the application that only holds answers."""

    def is_same_path(self, wanted: str, path: str) -> bool:
        return wanted == path or (wanted == "/hold" and path == "/no-such-path")


@fault("compares-beginnings-of-paths", SERVER)
class ComparesBeginningsOfPaths(RequestRules):
    """A path that a resource's begins with, or that begins with it, is that resource's."""

    def is_same_path(self, wanted: str, path: str) -> bool:
        return wanted.startswith(path) or path.startswith(wanted)


@fault("compares-paths-without-case", SERVER)
class ComparesPathsWithoutCase(RequestRules):
    """Upper and lower case make no difference in a path."""

    def is_same_path(self, wanted: str, path: str) -> bool:
        return wanted == path.lower()


@fault("sends-405-without-allow", SERVER)
class Sends405WithoutAllow(RequestRules):
    """A 405 does not say which methods there are."""

    def section(self, honest: Fields) -> Fields:
        return tuple(field for field in honest if field[0] != b"allow")

    def not_found_status(self, status: int) -> int:
        return 405


@fault("looks-behind-the-last-slash", SERVER)
class LooksBehindTheLastSlash(RequestRules):
    """The query is taken for a part of the path."""

    def looked_up(self, target: str) -> str:
        return "/" + target.rpartition("/")[2].partition("?")[0]


@fault("calls-empty-requests-fine", SERVER)
class CallsEmptyRequestsFine(RequestRules):
    """A request that ended before its HEADERS is reset as if nothing were wrong with it."""

    def incomplete_code(self, code: int) -> int:
        return H3.NO_ERROR


@fault("refuses-early-bytes", SERVER)
class RefusesEarlyBytes(RequestRules):
    """Nothing may follow a CONNECT before it is answered."""

    def early_body_bytes(self) -> int:
        return 0


@fault("forgets-requests-that-ended", SERVER)
class ForgetsRequestsThatEnded(RequestRules):
    """A CONNECT whose stream has ended already is not worth an answer."""

    def answers_ended_requests(self) -> bool:
        return False


@fault("processes-early-capsules", SERVER)
class ProcessesEarlyCapsules(RequestRules):
    """What overtakes the response is read as capsules at once."""

    def processes_early_capsules(self) -> bool:
        return True


@fault("sends-another-host", CLIENT)
class SendsAnotherHost(RequestRules):
    """A Host field without the port stands beside the authority."""

    def request_fields(self, honest: Fields) -> Fields:
        return (*honest, (b"host", b"other.test"))


@fault("wants-short-numbers-on-request-streams")
class WantsShortNumbersOnRequestStreams(RequestRules):
    """A type or a length in more bytes than it needs is no number."""

    def taken(self, data: bytes) -> bytes:
        if begins_at_length(data, FrameType.HEADERS):
            raise ConnectionViolation(H3.FRAME_ERROR, "a long number")
        return data


@fault("knows-no-te", SERVER)
class KnowsNoTe(RequestRules):
    """TE is a field of HTTP/1.1 connections, whatever it says."""

    def read_section(self, section: Fields) -> Fields:
        if b"te" in dict(section):
            raise RequestViolation(H3.MESSAGE_ERROR, "te")
        return section


@fault("checks-priorities")
class ChecksPriorities(RequestRules):
    """A Priority that is not just an urgency in range makes its message malformed."""

    def read_section(self, section: Fields) -> Fields:
        value = dict(section).get(b"priority", b"u=3")
        if not (len(value) == 3 and value[:2] == b"u=" and value[2:] in b"01234567"):
            raise RequestViolation(H3.MESSAGE_ERROR, "priority")
        return section


@fault("waits-behind-421", CLIENT)
class WaitsBehind421(RequestRules):
    """A misdirected request is answered again, this time for good."""

    def is_interim(self, status: int) -> bool:
        return super().is_interim(status) or status == 421
