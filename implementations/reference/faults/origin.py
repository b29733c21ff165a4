"""Faults about origins."""

from collections.abc import Sequence

from wtspec.implementations.reference.decisions.requests import Fields, RequestRules
from wtspec.implementations.reference.faults.fault import CLIENT, SERVER, fault, oddity

_ODD = ("https://ALLOWED.test", ":443", "/", ".")


@fault("accepts-any-origin", SERVER)
class AcceptsAnyOrigin(RequestRules):
    """Every Origin may use every resource."""

    def may_use(self, origin: str, allowed: Sequence[str]) -> bool:
        return True


@fault("refuses-every-origin", SERVER)
class RefusesEveryOrigin(RequestRules):
    """No Origin may use a resource that checks it."""

    def may_use(self, origin: str, allowed: Sequence[str]) -> bool:
        return False


@fault("refuses-origins-with-404", SERVER)
class RefusesOriginsWith404(RequestRules):
    """An Origin that may not use the resource is told that there is none."""

    def origin_status(self, status: int) -> int:
        return 404


@fault("compares-beginnings-of-origins", SERVER)
class ComparesBeginningsOfOrigins(RequestRules):
    """An Origin may use the resource when it begins like an allowed one."""

    def may_use(self, origin: str, allowed: Sequence[str]) -> bool:
        return origin.startswith(tuple(allowed))


@fault("compares-ends-of-origins", SERVER)
class ComparesEndsOfOrigins(RequestRules):
    """An Origin may use the resource when it ends in an allowed host."""

    def may_use(self, origin: str, allowed: Sequence[str]) -> bool:
        return origin.endswith(tuple(one.rpartition("/")[2] for one in allowed))


@fault("accepts-null-origins", SERVER)
class AcceptsNullOrigins(RequestRules):
    """The Origin of a sandboxed page may use every resource."""

    def may_use(self, origin: str, allowed: Sequence[str]) -> bool:
        return origin == "null" or super().may_use(origin, allowed)


@fault("forgets-requests-of-odd-origins", SERVER)
class ForgetsRequestsOfOddOrigins(RequestRules):
    """A request whose Origin is not in its usual spelling is never answered."""

    def answers_to(self, request: Fields) -> bool:
        return not dict(request).get(b"origin", b"").decode().endswith(_ODD)


@fault("reads-the-first-origin", SERVER)
class ReadsTheFirstOrigin(RequestRules):
    """Of several Origin fields the others are overlooked."""

    def origins(self, values: Sequence[str]) -> Sequence[str]:
        return values[:1]


@fault("reads-the-last-origin", SERVER)
class ReadsTheLastOrigin(RequestRules):
    """Of several Origin fields the others are overlooked."""

    def origins(self, values: Sequence[str]) -> Sequence[str]:
        return values[-1:]


@fault("insists-on-an-origin", SERVER)
class InsistsOnAnOrigin(RequestRules):
    """Where origins are checked, a client that names none is refused."""

    def origins(self, values: Sequence[str]) -> Sequence[str]:
        return values or ("",)


@fault("checks-origins-everywhere", SERVER)
class ChecksOriginsEverywhere(RequestRules):
    """A foreign Origin is refused by every resource."""

    def is_for_everybody(self, path: str) -> bool:
        return False


@fault("drops-its-origin", CLIENT)
class DropsItsOrigin(RequestRules):
    """No Origin is ever sent."""

    def request_fields(self, honest: Fields) -> Fields:
        return tuple(field for field in honest if field[0] != b"origin")


@fault("sends-a-null-origin", CLIENT)
class SendsANullOrigin(RequestRules):
    """An Origin says nothing of where the page is from."""

    def request_fields(self, honest: Fields) -> Fields:
        return tuple((k, b"null" if k == b"origin" else v) for k, v in honest)


@oddity("refuses-with-other-statuses", SERVER)
class RefusesWithOtherStatuses(RequestRules):
    """Origins, paths and protocols are refused with statuses that nobody asks for."""

    def origin_status(self, status: int) -> int:
        return 401

    def not_found_status(self, status: int) -> int:
        return 410

    def status_for_unknown_token(self, status: int) -> int:
        return 400


@oddity("folds-origins", SERVER)
class FoldsOrigins(RequestRules):
    """Origins are compared as URLs are: case, default port and a last slash make no difference."""

    def may_use(self, origin: str, allowed: Sequence[str]) -> bool:
        folded = origin.lower().removesuffix("/").removesuffix(":443").removesuffix(".")
        return folded in allowed
