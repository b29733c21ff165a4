"""A server that a URL names: where it is, and how far its certificate is believed."""

import base64
import binascii
import re
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from wtspec.suite.commands.failure import EnvironmentTrouble, usage
from wtspec.suite.quic.options import Verify

_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Trust:
    """What is demanded of the server's certificate, and the same in words."""

    verify: Verify
    told: str


@dataclass(frozen=True, slots=True)
class Site:
    """`host` is the URL's, for TLS; `address` where packets go; `path` includes the query."""

    host: str
    address: tuple[str, int]
    authority: str
    path: str
    trust: Trust

    @property
    def place(self) -> str:
        """Address and port as they would stand in a URL."""
        host, port = self.address
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


@dataclass(frozen=True, slots=True)
class TrustChoice:
    """What the user said of certificates."""

    insecure: bool = False
    ca: Path | None = None
    hashes: tuple[str, ...] = ()


def trust_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The three options that fill a TrustChoice."""
    options = (
        click.option("--insecure", is_flag=True, help="Believe any certificate."),
        click.option(
            "--ca",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="PEM file of the authorities to believe.",
        ),
        click.option(
            "--cert-hash",
            "hashes",
            multiple=True,
            metavar="HASH",
            help="SHA-256 of the certificate, hex or base64; may be repeated.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def find(url: str, choice: TrustChoice) -> Site:
    """Read and resolve the URL; raises UsageError, or EnvironmentTrouble for an unknown name."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port or 443
    except ValueError as error:
        raise usage(f"{url!r} is no URL ({error}); write https://host:port/path") from error
    if parts.scheme != "https" or not host or parts.username is not None or parts.fragment:
        raise usage(f"{url!r} cannot be asked for a session; write https://host:port/path")
    address = _resolved(host, port)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Site(host, address, parts.netloc, path, trust(address[0], choice))


def trust(host: str, choice: TrustChoice) -> Trust:
    """Whom to believe at this address: by default anybody on this machine, else the system's CAs.

    Raises UsageError for options that contradict each other or cannot be read.
    """
    if sum((choice.insecure, choice.ca is not None, bool(choice.hashes))) > 1:
        raise usage("--insecure, --ca and --cert-hash exclude each other")
    if choice.hashes:
        return Trust(Verify.hashes(*map(certificate_hash, choice.hashes)), "pinned by --cert-hash")
    if choice.ca is not None:
        return Trust(Verify.ca(_authorities(choice.ca)), f"verified against {choice.ca}")
    if choice.insecure:
        return Trust(Verify.NONE, "not verified, as --insecure says")
    if ip_address(host).is_loopback:
        return Trust(Verify.NONE, "not verified, since it is on this machine")
    roots = system_roots()
    if roots is None:
        raise EnvironmentTrouble(
            "This system has no file of trusted certificates to check the server by; give --ca"
            " FILE, --cert-hash HASH or --insecure."
        )
    return Trust(Verify.ca(roots.read_bytes()), f"verified against the system's {roots}")


def certificate_hash(value: str) -> bytes:
    """32 bytes from hex, with or without colons, or base64; raises UsageError."""
    plain = value.replace(":", "")
    if re.fullmatch(r"[0-9a-fA-F]{64}", plain):
        return bytes.fromhex(plain)
    try:
        decoded = base64.b64decode(value, validate=True)
    except binascii.Error:
        decoded = b""
    if len(decoded) != _HASH_BYTES:
        raise usage(f"{value!r} is no SHA-256; give 64 hex digits, or base64 of 32 bytes")
    return decoded


def system_roots() -> Path | None:
    """The file of the authorities that this system trusts."""
    paths = ssl.get_default_verify_paths()
    for candidate in (paths.cafile, paths.openssl_cafile, "/etc/ssl/certs/ca-certificates.crt"):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    return None


def _authorities(path: Path) -> bytes:
    pem = path.read_bytes()
    try:
        ssl.create_default_context(cadata=pem.decode("ascii"))
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise usage(f"--ca {path} holds no certificate in PEM form") from error
    return pem


def _resolved(host: str, port: int) -> tuple[str, int]:
    """IPv4 first where a name has both: more servers listen there."""
    try:
        return str(ip_address(host)), port
    except ValueError:
        pass
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise EnvironmentTrouble(
            f"The name {host!r} cannot be resolved here; write an address, or correct the name."
        ) from error
    best = min(found, key=lambda one: one[0] != socket.AF_INET)
    return str(best[4][0]), port
