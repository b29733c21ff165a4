"""What an entry of the ledger is: a rule of a document, its level, and whom it binds."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum
from types import MappingProxyType


class LedgerError(Exception):
    """An entry is not as it must be: the message names file, id and key."""


class Level(Enum):
    """BCP 14's keyword; whether it forbids is `Requirement.negative`."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"
    FACT = "FACT"

    def __str__(self) -> str:
        return self.value


class Party(StrEnum):
    """Who is bound. SENDER and RECEIVER are whoever plays that part for the item."""

    BOTH = "both"
    CLIENT = "client"
    SERVER = "server"
    SENDER = "sender"
    RECEIVER = "receiver"
    INTERMEDIARY = "intermediary"
    PROTOCOL = "protocol"
    USER_AGENT = "user-agent"


class Observable(StrEnum):
    """Where keeping or breaking the rule shows."""

    WIRE = "wire"
    API = "api"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Document:
    """A text the ledger follows. mapping: the only one it binds ("h3", "h2"); None: all."""

    name: str
    title: str
    mapping: str | None = None


DOCUMENTS: Mapping[str, Document] = MappingProxyType(
    {
        document.name: document
        for document in (
            Document("http3", "draft-ietf-webtrans-http3-16", "h3"),
            Document("http2", "draft-ietf-webtrans-http2-15", "h2"),
            Document("overview", "draft-ietf-webtrans-overview-13"),
            Document("w3c_api", "W3C WebTransport (editor's draft of 2026-07-24)"),
            # Sections here carry the number of their RFC.
            Document("rfc", "RFCs beneath"),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One rule. `text` paraphrases, `changed` says what other drafts had in its place.

    binding: a FACT that is a format, codepoint or algorithm step, so that breaking it fails; other
    facts are only recorded. since, until: draft numbers; None: from the first, to the newest.
    levels: (first draft, last draft, level) where it was not `level`; None there: that draft had no
    such rule. ambiguity: numbers of the known ambiguous sentences of http3-16. untested: why no
    case will cover it.
    """

    id: str
    document: str
    section: str
    level: Level
    party: Party
    text: str
    negative: bool = False
    since: int | None = None
    until: int | None = None
    observable: Observable = Observable.WIRE
    binding: bool = False
    ambiguity: tuple[str, ...] = ()
    changed: str = ""
    levels: tuple[tuple[int, int, Level | None], ...] = ()
    untested: str = ""

    @property
    def citation(self) -> str:
        """Document and section, as printed: "draft-ietf-webtrans-http3-16 section 6".

        A section that begins with an RFC or a draft is that document's, taken over by reference.
        """
        if self.section.startswith(("RFC ", "draft-")):
            return self.section
        return f"{DOCUMENTS[self.document].title} section {self.section}"

    @property
    def keyword(self) -> str:
        """The level as the document words it: "MUST NOT"."""
        return f"{self.level} NOT" if self.negative else str(self.level)

    def level_in(self, dialect: object) -> Level | None:
        """The level in a dialect, named ("h3-13") or itself; None: no such rule there."""
        mapping, _, number = str(dialect).partition("-")
        only = DOCUMENTS[self.document].mapping
        if only is None:
            return self.level
        draft = int(number)
        if mapping != only or not (self.since or draft) <= draft <= (self.until or draft):
            return None
        return next((level for a, b, level in self.levels if a <= draft <= b), self.level)

    def holds_in(self, dialect: object) -> bool:
        return self.level_in(dialect) is not None

    def binds(self, role: object) -> bool:
        """Whether an endpoint in that role can be the party; sender and receiver are either."""
        return self.party not in {Party.SERVER, Party.CLIENT} or self.party == str(role)
