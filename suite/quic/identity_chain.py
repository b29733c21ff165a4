"""A certificate authority of one run and a certificate from it, as interop images are given them.

What they get elsewhere comes from openssl's `ecparam`: keys as SEC1 has them, a root that is no
server, and a leaf that is no authority. Some of their programs take nothing else.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.x509.oid import NameOID

from wtspec.suite.quic.identity import LONGEST_DAYS


@dataclass(frozen=True, slots=True)
class Chain:
    """All in PEM; `key_pem` belongs to the leaf."""

    authority_pem: bytes
    leaf_pem: bytes
    key_pem: bytes


@lru_cache(maxsize=4)
def issued(names: tuple[str, ...]) -> Chain:
    """A leaf for these DNS names; one a process."""
    authority_key, key = generate_private_key(SECP256R1()), generate_private_key(SECP256R1())
    authority, subject = _name("wtspec root"), _name("wtspec")
    start = datetime.now(UTC) - timedelta(hours=1)
    end = start + timedelta(days=LONGEST_DAYS)

    def builder(who: x509.Name) -> x509.CertificateBuilder:
        serial = x509.random_serial_number()
        return x509.CertificateBuilder(authority, who, None, serial, start, end)

    root = (
        builder(authority)
        .public_key(authority_key.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(authority_key, hashes.SHA256())
    )
    leaf = (
        builder(subject)
        .public_key(key.public_key())
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    sec1 = serialization.PrivateFormat.TraditionalOpenSSL
    key_pem = key.private_bytes(pem, sec1, serialization.NoEncryption())
    return Chain(root.public_bytes(pem), leaf.public_bytes(pem), key_pem)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
