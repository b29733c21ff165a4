"""`wtspec probe` against servers that say one thing and do another, and against none."""

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from wtspec.suite.commands import probe_connection, server_url
from wtspec.suite.commands.failure import EnvironmentTrouble
from wtspec.suite.commands.probe_connection import Heard
from wtspec.suite.commands.survey import answer
from wtspec.suite.dialect import SessionLimits, Side, dialect
from wtspec.suite.quic.connection import Connection
from wtspec.suite.quic.events import Closed
from wtspec.suite.quic.identity import Identity, p256
from wtspec.suite.wire import capsule, fields, frames
from wtspec.suite.wire.error_codes import H3
from wtspec.suite.wire.frames import FrameType

Play = Callable[..., str]
Wtspec = Callable[..., Any]
Request = Mapping[bytes, bytes]
SERVES = SessionLimits(4, 1000, 3, 3)


def announced(name: str, limits: SessionLimits = SERVES) -> tuple[tuple[int, int], ...]:
    return dialect(name).settings(Side.SERVER, limits)


def headers(status: bytes) -> bytes:
    return frames.encode(FrameType.HEADERS, fields.encode([(b":status", status)]))


def accept(connection: Connection, stream_id: int, _request: Request) -> None:
    connection.send(stream_id, headers(b"200"))


def not_found(connection: Connection, stream_id: int, _request: Request) -> None:
    connection.send(stream_id, headers(b"404"))


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe_connection, "CONNECT_S", 1.0)


def dialects(said: Any) -> dict[str, dict[str, Any]]:
    return {one["dialect"]: one for one in json.loads(said.out)["dialects"]}


def test_announced_and_accepted_is_spoken(play: Play, wtspec: Wtspec) -> None:
    def only_new(connection: Connection, stream_id: int, request: Request) -> None:
        assert request[b":method"] == b"CONNECT"
        assert request[b":path"] == b"/echo"
        if request[b":protocol"] == b"webtransport-h3":
            accept(connection, stream_id, request)
        else:
            connection.reset(stream_id, H3.REQUEST_REJECTED)

    said = wtspec("probe", "--json", play(announced("h3-16"), only_new))
    told = json.loads(said.out)
    assert (said.status, told["spoken"]) == (0, ["h3-15", "h3-16"])
    assert {"id": 0x2C7CF000, "name": "WT_ENABLED", "value": 1} in told["settings"]
    assert told["reset_stream_at"] == {"0x1d": True, "0x17f7586d2cb571": True}
    by_name = dialects(said)
    assert by_name["h3-16"]["status"] == 200
    assert by_name["h3-16"]["flow_control"] is True
    assert by_name["h3-02"]["flow_control"] is None
    assert by_name["h3-02"]["lacks"] == ["ENABLE_WEBTRANSPORT"]
    assert by_name["h3-14"]["said"] == "reset H3_REQUEST_REJECTED"
    assert [one for one in by_name if by_name[one]["accepted"]] == ["h3-15", "h3-16"]


def test_the_table_names_every_dialect_and_what_is_believed(play: Play, wtspec: Wtspec) -> None:
    said = wtspec("probe", play(announced("h3-07"), accept))
    assert said.status == 0
    lines = {line.split()[0]: line for line in said.out.splitlines() if line}
    assert "not verified, since it is on this machine" in lines["certificate"]
    assert "WEBTRANSPORT_MAX_SESSIONS_07 4" in lines["settings"]
    assert lines["speaks"].split() == [
        "speaks",
        "h3-07",
        "h3-08",
        "h3-09",
        "h3-10",
        "h3-11",
        "h3-12",
    ]
    assert lines["h3-16"].split()[1:3] == ["no:", "WT_ENABLED"]
    assert len([name for name in lines if name.startswith("h3-")]) == 14
    assert lines["not"] == "not asked for h3-06: the draft contradicts itself"


def test_a_client_of_each_dialect_announces_its_own(play: Play, wtspec: Wtspec) -> None:
    tokens: list[tuple[bytes, bool]] = []

    def note(connection: Connection, stream_id: int, request: Request) -> None:
        tokens.append((request[b":protocol"], b"sec-webtransport-http3-draft02" in request))
        accept(connection, stream_id, request)

    wtspec("probe", play(announced("h3-02"), note))
    assert sorted(tokens) == [
        *[(b"webtransport", False)] * 8,
        *[(b"webtransport", True)] * 4,
        *[(b"webtransport-h3", False)] * 2,
    ]


@pytest.mark.parametrize(
    ("settings", "reply", "why"),
    [
        (
            announced("h3-16"),
            not_found,
            "gives no session at /echo",
        ),
        (((0x33, 1), (0x1234, 5)), not_found, "0x33 0x1234"),
        ((), accept, "does not announce"),
    ],
    ids=["wrong-path", "no-webtransport", "not-announced"],
)
def test_no_dialect_at_all_says_what_to_change(
    play: Play, wtspec: Wtspec, settings: Any, reply: Any, why: str
) -> None:
    said = wtspec("probe", play(settings, reply))
    assert said.status == 3
    assert why in said.err
    assert "h3-16" in said.out  # the table is shown all the same


def test_no_settings_is_said(play: Play, wtspec: Wtspec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "wtspec.suite.commands.survey.ask",
        lambda site, spoken, _wait: probe_connection.ask(site, spoken, 0.2),
    )
    said = wtspec("probe", play(None, lambda *_: None))
    assert said.status == 3
    assert "none came" in said.out
    assert "no: SETTINGS" in said.out
    assert "silence" in said.out


def test_nothing_listens(wtspec: Wtspec, free_url: str) -> None:
    said = wtspec("probe", free_url)
    assert said.status == 3
    assert "nothing listens there" in said.err
    assert said.err.count("\n") == 1


def test_silence(wtspec: Wtspec, mute_url: str) -> None:
    said = wtspec("probe", mute_url)
    assert said.status == 3
    assert "only silence" in said.err


def test_another_application_protocol(play: Play, wtspec: Wtspec) -> None:
    said = wtspec("probe", play(announced("h3-16"), accept, alpn=("doq",)))
    assert said.status == 3
    assert "does not agree on the ALPN h3" in said.err


def test_certificates(play: Play, wtspec: Wtspec, identity: Identity, tmp_path: Path) -> None:
    url = play(announced("h3-16"), accept)
    own, other = tmp_path / "own.pem", tmp_path / "other.pem"
    own.write_bytes(identity.certificate_pem)
    other.write_bytes(p256().certificate_pem)
    digest = base64.b64encode(identity.hash_sha256).decode()
    for words in (["--ca", str(own)], ["--cert-hash", digest], ["--insecure"]):
        assert wtspec("probe", url, *words).status == 0
    assert wtspec("probe", url, "--cert-hash", identity.hash_sha256.hex(":")).status == 0
    for words in (["--ca", str(other)], ["--cert-hash", "00" * 32]):
        said = wtspec("probe", url, *words)
        assert said.status == 3
        assert "is not trusted" in said.err
        assert "--insecure" in said.err


@pytest.mark.parametrize(
    "words",
    [
        ["https://127.0.0.1:1/", "--insecure", "--cert-hash", "00" * 32],
        ["https://127.0.0.1:1/", "--cert-hash", "not a hash"],
        ["https://127.0.0.1:1/", "--ca", __file__],
        ["http://127.0.0.1/"],
        ["127.0.0.1:4433"],
        ["https://[::1/"],
        ["https://127.0.0.1:99999/"],
        ["https://127.0.0.1/#here"],
        [],
    ],
)
def test_wrong_words_are_a_usage_error(wtspec: Wtspec, words: list[str]) -> None:
    assert wtspec("probe", *words).status == 2


def test_an_unknown_name(wtspec: Wtspec) -> None:
    said = wtspec("probe", "https://no-such-host.invalid/")
    assert said.status == 3
    assert "cannot be resolved" in said.err


def test_elsewhere_the_system_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    roots = tmp_path / "roots.pem"
    roots.write_bytes(b"roots")
    monkeypatch.setattr(server_url, "system_roots", lambda: roots)
    trust = server_url.trust("192.0.2.1", server_url.TrustChoice())
    assert trust.verify.ca_pem == b"roots"
    assert str(roots) in trust.told


def test_elsewhere_without_roots_the_user_must_choose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_url, "system_roots", lambda: None)
    with pytest.raises(EnvironmentTrouble, match="--cert-hash"):
        server_url.trust("192.0.2.1", server_url.TrustChoice())


def closed(code: int, *, is_application: bool) -> Closed:
    return Closed(code, None if is_application else 0, "\x1b[31m", "peer", is_application)


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        (Heard(parameters=((1, b""),)), "silence"),
        (Heard(), "no connection"),
        (Heard(stop=int(H3.REQUEST_CANCELLED)), "stop H3_REQUEST_CANCELLED"),
        (Heard(finished=True), "FIN without a response"),
        (Heard(closed=closed(0x10E, is_application=True)), "connection closed, H3_MESSAGE_ERROR"),
        (Heard(closed=closed(0xA, is_application=False)), "connection closed, PROTOCOL_VIOLATION"),
        (Heard(response=((b":status", b"\x1b[2J"),)), "\\x1b[2J"),
    ],
)
def test_every_answer_has_words_and_none_acts_on_the_terminal(heard: Heard, said: str) -> None:
    told = answer(dialect("h3-16"), heard)
    assert told.said.startswith(said)
    assert "\x1b" not in told.said
    assert told.status is None
    assert not told.is_accepted


def test_remarks_show_capsules_and_fields_that_tell() -> None:
    heard = Heard(
        settings=announced("h3-16"),
        response=((b":status", b"200"), (b"server", b"x\x07y"), (b"other", b"z")),
        capsules=[capsule.MaxData(7), capsule.UnknownCapsule(0x17, b"")],
        violations=["odd bytes"],
    )
    told = answer(dialect("h3-16"), heard)
    assert told.remarks == (
        "server: x\\x07y",
        "sent MaxData(maximum=7)",
        "sent capsule 0x17",
        "odd bytes",
    )
    assert told.lacks == ("max_datagram_frame_size", "reset_stream_at")


def test_informational_responses_and_trailers_are_passed_over(play: Play, wtspec: Wtspec) -> None:
    def chatty(connection: Connection, stream_id: int, _request: Request) -> None:
        credit = frames.encode(FrameType.DATA, capsule.encode(capsule.MaxData(2000)))
        connection.send(stream_id, headers(b"103") + headers(b"200") + credit)

    said = wtspec("probe", "--json", play(announced("h3-16"), chatty))
    newest = dialects(said)["h3-16"]
    assert (newest["status"], newest["remarks"]) == (200, ["sent MaxData(maximum=2000)"])
