"""What a plain process is given when it starts: its command, its place, its files."""

import os
import shlex
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wtspec.suite.endpoint.interface import Addr, Role
from wtspec.suite.quic.identity import Identity

HOST = "127.0.0.1"
START_S = 10.0
# What a program needs to find its interpreter and libraries; nothing else of ours shows.
_INHERITED = ("PATH", "HOME", "LD_LIBRARY_PATH")


@dataclass(frozen=True, slots=True)
class Launch:
    """How the program is started: `command` is split as a shell would, but none runs it.

    A relative program with a slash is looked for in `directory`, where the program also runs.
    `evidence`: an existing directory for key log and qlog; None: the program writes neither.
    """

    command: str
    directory: Path = field(default_factory=Path.cwd)
    environment: Mapping[str, str] = field(default_factory=dict)
    evidence: Path | None = None
    deadline_s: float = START_S

    @property
    def arguments(self) -> tuple[str, ...]:
        program, *rest = shlex.split(self.command)
        if "/" in program:
            program = str(self.directory / program)
        return (program, *rest)

    def variables(self, role: Role, address: Addr) -> dict[str, str]:
        """The environment, less what the configuration and the certificate add."""
        found = {key: os.environ[key] for key in _INHERITED if key in os.environ}
        found["WT_ROLE"] = str(role)
        if role is Role.SERVER:
            found |= {"WT_HOST": address[0], "WT_PORT": str(address[1])}
        if self.evidence is not None:
            found["SSLKEYLOGFILE"] = str(self.evidence / "endpoint.keys")
            found["QLOGDIR"] = str(self.evidence)
        return found | dict(self.environment)


def certificates(identity: Identity, directory: Path) -> dict[str, str]:
    """Write PEM files that only we and the program may read; the certificate is its own CA."""
    certificate, key = directory / "cert.pem", directory / "key.pem"
    certificate.write_bytes(identity.certificate_pem)
    key.touch(mode=0o600)
    key.write_bytes(identity.key_pem)
    return {"WT_CERT": str(certificate), "WT_KEY": str(key), "WT_CA": str(certificate)}


def free_port() -> int:
    """A port that is free for UDP and TCP alike; the kernel hands it out again late enough."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        ):
            udp.bind((HOST, 0))
            port: int = udp.getsockname()[1]
            try:
                tcp.bind((HOST, port))
            except OSError:
                continue
            return port
