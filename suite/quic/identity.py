"""Certificates of our servers, and the hash a client may pin.

The simulation wants equal packet sizes in every run, so it takes an Ed25519 certificate with a
fixed serial number (an ECDSA signature varies in length). Real clients, browsers above all, want
ECDSA P-256 and at most 14 days, so real endpoints get that. The only importer of cryptography,
with `identity_chain`.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
LONGEST_DAYS = 10
_SIMULATION_SERIAL = 0x77747370


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its PKCS#8 key; `hash_sha256` is over the certificate's DER form."""

    certificate_pem: bytes
    key_pem: bytes
    hash_sha256: bytes


@lru_cache(maxsize=1)
def ed25519() -> Identity:
    """The identity of the simulation: one a process, fixed serial, names and sizes."""
    start = datetime(2020, 1, 1, tzinfo=UTC)
    end = datetime(2120, 1, 1, tzinfo=UTC)
    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    return _issue(key, None, (_SIMULATION_SERIAL, start, end), LOCAL_NAMES)


def shown_to_real_clients(host: str = LOCAL_NAMES[0]) -> Identity:
    """One a process: the certificate that a client was told of must be the one that we show.

    `host`: where the clients come to us.
    """
    return _of_process(LOCAL_NAMES if host in LOCAL_NAMES else (*LOCAL_NAMES, host))


@lru_cache(maxsize=8)
def _of_process(names: tuple[str, ...]) -> Identity:
    return p256(names=names)


def p256(days: int = LONGEST_DAYS, names: tuple[str, ...] = LOCAL_NAMES) -> Identity:
    """A fresh identity for real endpoints; `names` are DNS names or IP literals."""
    if not 0 < days <= LONGEST_DAYS:
        raise ValueError(
            f"a certificate of {days} days: browsers pin none over 14, we none over 10"
        )
    # An hour back, because the clock of a container or another machine may be behind ours.
    start = datetime.now(UTC) - timedelta(hours=1)
    end = start + timedelta(days=days)
    key = generate_private_key(SECP256R1())
    return _issue(key, hashes.SHA256(), (x509.random_serial_number(), start, end), names)


def fingerprint_sha256(certificate: x509.Certificate) -> bytes:
    return certificate.fingerprint(hashes.SHA256())


def _issue(
    key: Ed25519PrivateKey | EllipticCurvePrivateKey,
    digest: hashes.SHA256 | None,
    life: tuple[int, datetime, datetime],
    names: tuple[str, ...],
) -> Identity:
    serial, start, end = life
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "wtspec")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), serial, start, end)
        .add_extension(x509.SubjectAlternativeName([_general_name(n) for n in names]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        .sign(key, digest)
    )
    return Identity(
        certificate_pem=certificate.public_bytes(serialization.Encoding.PEM),
        key_pem=key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
        hash_sha256=fingerprint_sha256(certificate),
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
