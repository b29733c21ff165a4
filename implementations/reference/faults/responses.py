"""Faults about responses: what a client takes for which, and what a server answers."""

from wtspec.implementations.reference.decisions.application import ApplicationRules
from wtspec.implementations.reference.decisions.requests import Fields, RequestRules
from wtspec.implementations.reference.faults.fault import CLIENT, SERVER, fault, oddity


@fault("takes-200-only", CLIENT)
class Takes200Only(RequestRules):
    """No other status gives a session."""

    def is_success(self, status: int) -> bool:
        return status == 200


@fault("takes-4xx-for-success", CLIENT)
class Takes4xxForSuccess(RequestRules):
    """What the server says of errors is overlooked."""

    def is_success(self, status: int) -> bool:
        return super().is_success(status) or 400 <= status < 500


@fault("reports-another-status", CLIENT)
class ReportsAnotherStatus(ApplicationRules):
    """The application is told a status one too high."""

    def reported_status(self, status: int | None) -> int | None:
        return None if status is None else status + 1


@fault("follows-redirects", CLIENT)
class FollowsRedirects(RequestRules):
    """The session is asked for where a 3xx points."""

    def follows_redirects(self) -> bool:
        return True


@fault("takes-interim-for-final", CLIENT)
class TakesInterimForFinal(RequestRules):
    """The first response is the last."""

    def is_interim(self, status: int) -> bool:
        return False


@fault("takes-204-for-a-refusal", CLIENT)
class Takes204ForARefusal(RequestRules):
    """A status without capsules is a refusal like others."""

    def minds_flaw(self, name: str) -> bool:
        return name != "NO_CAPSULES"

    def is_success(self, status: int) -> bool:
        return super().is_success(status) and status not in {204, 205, 206}


@fault("reads-capsules-of-refusals", CLIENT)
class ReadsCapsulesOfRefusals(RequestRules):
    """A refusal's body has to be a sequence of capsules."""

    def reads_body_of_refusal(self) -> bool:
        return True


@fault("forgets-requests-that-end", CLIENT)
class ForgetsRequestsThatEnd(RequestRules):
    """A stream that ends without a response is waited for on."""

    def notices(self, ending: str) -> bool:
        return ending != "end"


@fault("forgets-requests-that-are-reset", CLIENT)
class ForgetsRequestsThatAreReset(RequestRules):
    """A stream that is reset without a response is waited for on."""

    def notices(self, ending: str) -> bool:
        return ending != "reset"


@fault("forgets-requests-of-closed-connections", CLIENT)
class ForgetsRequestsOfClosedConnections(RequestRules):
    """A response is waited for though its connection is gone."""

    def notices(self, ending: str) -> bool:
        return ending != "close"


@fault("refuses-with-418", SERVER)
class RefusesWith418(RequestRules):
    """Whatever status the application refuses with, another is sent."""

    def refusal_status(self, status: int) -> int:
        return 418


@fault("selects-another-draft", SERVER)
class SelectsAnotherDraft(RequestRules):
    """The header of draft 02 names a draft that nobody offered."""

    def response_fields(self, honest: Fields) -> Fields:
        return tuple((name, b"draft99") for name, _ in honest)


@oddity("takes-any-2xx", CLIENT)
class TakesAny2xx(RequestRules):
    """204, 205 and 206 give a session like any other 2xx (A19)."""

    def minds_flaw(self, name: str) -> bool:
        return name != "NO_CAPSULES"


@oddity("accepts-with-226", SERVER)
class AcceptsWith226(RequestRules):
    """A session is given with a rare status."""

    def success_status(self, status: int) -> int:
        return 226
