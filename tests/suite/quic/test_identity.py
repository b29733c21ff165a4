from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from wtspec.suite.quic import identity


def loaded(made: identity.Identity) -> x509.Certificate:
    return x509.load_pem_x509_certificate(made.certificate_pem)


def test_simulation_identity_never_changes() -> None:
    made = identity.ed25519()
    certificate = loaded(made)
    assert made is identity.ed25519()
    assert isinstance(certificate.public_key(), Ed25519PublicKey)
    # Ed25519 signatures are deterministic, so the whole certificate is, on every machine.
    expected = "01273850354d2d69186b57e12265480d6d3017c330e9a227c32f2f50fddf17d5"
    assert made.hash_sha256.hex() == expected


def test_real_identity_is_p256_and_short_lived() -> None:
    certificate = loaded(identity.p256())
    key = certificate.public_key()
    assert isinstance(key, EllipticCurvePublicKey)
    assert isinstance(key.curve, SECP256R1)
    life = certificate.not_valid_after_utc - certificate.not_valid_before_utc
    assert life == timedelta(days=10)
    assert certificate.not_valid_before_utc < datetime.now(UTC) < certificate.not_valid_after_utc
    assert loaded(identity.p256()).serial_number != certificate.serial_number


def test_names_may_be_chosen() -> None:
    certificate = loaded(identity.p256(days=1, names=("server.test", "192.0.2.7")))
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["server.test"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.7"]


@pytest.mark.parametrize("days", [0, 11])
def test_lives_that_browsers_refuse_are_refused(days: int) -> None:
    with pytest.raises(ValueError, match="days"):
        identity.p256(days=days)


def test_key_belongs_to_the_certificate_and_hash_is_of_its_der_form() -> None:
    for made in (identity.ed25519(), identity.p256()):
        key = serialization.load_pem_private_key(made.key_pem, password=None)
        raw = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        assert made.key_pem.startswith(b"-----BEGIN PRIVATE KEY-----")
        assert key.public_key().public_bytes(*raw) == loaded(made).public_key().public_bytes(*raw)
        digest = hashes.Hash(hashes.SHA256())
        digest.update(loaded(made).public_bytes(serialization.Encoding.DER))
        assert digest.finalize() == made.hash_sha256
