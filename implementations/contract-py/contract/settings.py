"""What the environment asks for (contract section 2)."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Role = Literal["server", "client"]


class NotOffered(Exception):
    """The role, or each of the dialects asked for, is not offered."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`host` and `port`: where a server binds. `limits` holds what WT_LIMITS names."""

    role: Role
    host: str = "127.0.0.1"
    port: int = 0
    certificate: str = ""
    key: str = ""
    dialects: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    limits: Mapping[str, int] = field(default_factory=dict)
    key_log: str | None = None
    qlog: str | None = None

    def asks_for(self, spoken: Iterable[str]) -> bool:
        """Whether one of the dialects asked for, if any are, is among these."""
        return not self.dialects or not set(self.dialects).isdisjoint(spoken)


def read(variables: Mapping[str, str]) -> Settings:
    """Raises NotOffered for a role that is none."""
    return Settings(
        role=_role(variables.get("WT_ROLE")),
        host=variables.get("WT_HOST", "127.0.0.1"),
        port=int(variables.get("WT_PORT", "0")),
        certificate=variables.get("WT_CERT", ""),
        key=variables.get("WT_KEY", ""),
        dialects=tuple(variables.get("WT_DIALECTS", "").split()),
        protocols=tuple(variables.get("WT_PROTOCOLS", "").split()),
        limits=json.loads(variables.get("WT_LIMITS") or "{}"),
        key_log=variables.get("SSLKEYLOGFILE"),
        qlog=variables.get("QLOGDIR"),
    )


def _role(text: str | None) -> Role:
    match text:
        case "server" | "client":
            return text
        case _:
            raise NotOffered(f"WT_ROLE is {text!r}")
