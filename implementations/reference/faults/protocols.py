"""Faults about application protocols: offers, choices, and what is made of either."""

from collections.abc import Sequence

from wtspec.implementations.reference.decisions.requests import RequestRules
from wtspec.implementations.reference.errors import RequestViolation
from wtspec.implementations.reference.faults.fault import CLIENT, SERVER, fault, oddity
from wtspec.suite.wire.error_codes import H3


def _leniently(value: bytes) -> list[str]:
    """Whatever might be a name, as one who splits at commas and strips punctuation reads it."""
    members = (part.partition(b";")[0] for part in value.split(b","))
    names = (member.replace(b"\\", b"").strip(b" \t\"'()").decode() for member in members)
    return [name for name in names if name]


# Servers.


@fault("chooses-what-nobody-offers", SERVER)
class ChoosesWhatNobodyOffers(RequestRules):
    """The response names a protocol of the server's own."""

    def protocol_in_response(self, protocol: str | None) -> str | None:
        return None if protocol is None else "zzz"


@fault("names-every-common-protocol", SERVER)
class NamesEveryCommonProtocol(RequestRules):
    """All protocols in common are named, as a list in one string."""

    def choice(self, offered: Sequence[str], supported: Sequence[str]) -> str | None:
        return ", ".join(dict.fromkeys(one for one in offered if one in supported)) or None


@fault("chooses-tokens", SERVER)
class ChoosesTokens(RequestRules):
    """The choice is written as drafts before 13 had it."""

    def choice_value(self, honest: bytes) -> bytes:
        return honest.replace(b'"', b"")


@fault("chooses-strings", SERVER)
class ChoosesStrings(RequestRules):
    """The choice is written as drafts from 13 on have it."""

    def choice_value(self, honest: bytes) -> bytes:
        return b'"' + honest + b'"'


@fault("falls-back-to-its-own-protocol", SERVER)
class FallsBackToItsOwnProtocol(RequestRules):
    """With nothing in common the server's favourite is named."""

    def choice(self, offered: Sequence[str], supported: Sequence[str]) -> str | None:
        return super().choice(offered, supported) or next(iter(supported), None)


@fault("takes-the-first-offer", SERVER)
class TakesTheFirstOffer(RequestRules):
    """What nobody supports is chosen if nothing else is offered."""

    def choice(self, offered: Sequence[str], supported: Sequence[str]) -> str | None:
        return super().choice(offered, supported) or next(iter(offered), None)


@fault("compares-protocols-without-case", SERVER)
class ComparesProtocolsWithoutCase(RequestRules):
    """A protocol in another case is the same."""

    def choice(self, offered: Sequence[str], supported: Sequence[str]) -> str | None:
        return super().choice([one.lower() for one in offered], supported)


@fault("compares-beginnings-of-protocols", SERVER)
class ComparesBeginningsOfProtocols(RequestRules):
    """What begins like a protocol is that protocol, but for a blank."""

    def choice(self, offered: Sequence[str], supported: Sequence[str]) -> str | None:
        pairs = ((one, name) for one in offered for name in supported)
        begun = (name for one, name in pairs if one.rstrip() == one and one.startswith(name))
        return next(begun, None)


@fault("reads-offers-leniently", SERVER)
class ReadsOffersLeniently(RequestRules):
    """Members that are no strings count too, and syntax errors are overlooked."""

    def offer_in(self, value: bytes, honest: Sequence[str]) -> Sequence[str]:
        return honest or _leniently(value)


@fault("minds-parameters-of-offers", SERVER)
class MindsParametersOfOffers(RequestRules):
    """An offer with parameters is ignored."""

    def offer_in(self, value: bytes, honest: Sequence[str]) -> Sequence[str]:
        return () if b";" in value else honest


@fault("reads-the-first-line", SERVER)
class ReadsTheFirstLine(RequestRules):
    """Of a field of several lines the others are overlooked."""

    def field_lines(self, values: Sequence[bytes]) -> Sequence[bytes]:
        return values[:1]


@fault("splits-offers-at-every-comma", SERVER)
class SplitsOffersAtEveryComma(RequestRules):
    """A comma inside a string ends it, which leaves an offer that cannot be parsed."""

    def offer_in(self, value: bytes, honest: Sequence[str]) -> Sequence[str]:
        is_whole = all(part.count(b'"') % 2 == 0 for part in value.split(b","))
        return honest if is_whole or b"\\" in value else ()


# Clients.


@fault("offers-backwards", CLIENT)
class OffersBackwards(RequestRules):
    """What is wanted most is offered last."""

    def offered(self, protocols: Sequence[str]) -> Sequence[str]:
        return tuple(reversed(protocols))


@fault("offers-without-escapes", CLIENT)
class OffersWithoutEscapes(RequestRules):
    """Quotes and backslashes in a protocol's name are sent as they are."""

    def offer_value(self, honest: bytes) -> bytes:
        return honest.replace(b'\\"', b'"').replace(b"\\\\", b"\\")


@fault("reports-the-first-offer", CLIENT)
class ReportsTheFirstOffer(RequestRules):
    """Whatever the server chose, the application is told what it wanted most."""

    def protocol_taken(self, named: str | None, offered: Sequence[str]) -> str | None:
        return offered[0] if named in offered else None


@fault("takes-silence-for-consent", CLIENT)
class TakesSilenceForConsent(RequestRules):
    """Where the server chose nothing, the application is told what it wanted most."""

    def protocol_taken(self, named: str | None, offered: Sequence[str]) -> str | None:
        return (
            next(iter(offered), None) if named is None else super().protocol_taken(named, offered)
        )


@fault("minds-parameters-of-choices", CLIENT)
class MindsParametersOfChoices(RequestRules):
    """A choice with parameters is ignored."""

    def choice_in(self, value: bytes, honest: str | None) -> str | None:
        return None if b";" in value else honest


@fault("reads-choices-leniently", CLIENT)
class ReadsChoicesLeniently(RequestRules):
    """A choice that is no string counts too, and syntax errors are overlooked."""

    def choice_in(self, value: bytes, honest: str | None) -> str | None:
        names = _leniently(value) if b"," not in value else []
        known = (name for name in names if name == "chat-v1")
        return honest or next(known, None)


@fault("resets-at-a-second-line", CLIENT)
class ResetsAtASecondLine(RequestRules):
    """Two lines of a field end the session with an error of another meaning."""

    def field_lines(self, values: Sequence[bytes]) -> Sequence[bytes]:
        if len(values) > 1:
            raise RequestViolation(H3.INTERNAL_ERROR, "two lines")
        return values


@fault("takes-unlisted-protocols", CLIENT)
class TakesUnlistedProtocols(RequestRules):
    """A choice that was not offered is taken for none, as drafts before 15 had it."""

    def minds_protocol(self) -> bool:
        return False


@fault("resets-unlisted-with-no-error", CLIENT)
class ResetsUnlistedWithNoError(RequestRules):
    """A choice that was not offered closes the session without saying why."""

    def protocol_code(self, code: int) -> int:
        return H3.NO_ERROR


@fault("reports-unlisted-protocols", CLIENT)
class ReportsUnlistedProtocols(RequestRules):
    """A choice that was not offered is taken."""

    def protocol_taken(self, named: str | None, offered: Sequence[str]) -> str | None:
        return named


@oddity("rejects-without-a-common-protocol", SERVER)
class RejectsWithoutACommonProtocol(RequestRules):
    """A session without an agreed protocol is refused where one can be agreed."""

    def needs_common_protocol(self) -> bool:
        return True


@oddity("prefers-its-own-order", SERVER)
class PrefersItsOwnOrder(RequestRules):
    """The server's order decides among the offers."""

    def choice(self, offered: Sequence[str], supported: Sequence[str]) -> str | None:
        return next((one for one in supported if one in offered), None)


@oddity("takes-the-last-line-of-a-choice", CLIENT)
class TakesTheLastLineOfAChoice(RequestRules):
    """Of several lines the last counts (A34)."""

    def field_lines(self, values: Sequence[bytes]) -> Sequence[bytes]:
        return values[-1:]
