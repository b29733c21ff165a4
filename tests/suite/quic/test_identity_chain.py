import ssl
from pathlib import Path

import pytest

from wtspec.suite.quic.identity_chain import issued


def shaken(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> None:
    """A handshake in memory; raises SSLError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    sides = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    while sides:
        for one in list(sides):
            try:
                one.do_handshake()
            except ssl.SSLWantReadError:
                continue
            sides.remove(one)


def contexts(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    chain = issued(("server", "server4"))
    (folder / "cert.pem").write_bytes(chain.leaf_pem)
    (folder / "priv.key").write_bytes(chain.key_pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert.pem", folder / "priv.key")
    client = ssl.create_default_context(cadata=chain.authority_pem.decode())
    return server, client


def test_a_client_that_trusts_the_authority_trusts_the_server(tmp_path: Path) -> None:
    shaken(*contexts(tmp_path), "server4")


def test_by_its_own_names_only(tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match=r"[Hh]ostname mismatch"):
        shaken(*contexts(tmp_path), "server5")


def test_the_key_is_as_openssl_ecparam_writes_it() -> None:
    assert issued(("server",)).key_pem.startswith(b"-----BEGIN EC PRIVATE KEY-----")
