import pytest
from hypothesis import given
from hypothesis import strategies as st

from wtspec.suite.wire import settings, varint
from wtspec.suite.wire.errors import FrameError, SettingsError
from wtspec.suite.wire.settings import Setting

# Setting and the bytes of its identifier, as the drafts give both.
VECTORS = {
    Setting.QPACK_MAX_TABLE_CAPACITY: "01",
    Setting.MAX_FIELD_SECTION_SIZE: "06",
    Setting.QPACK_BLOCKED_STREAMS: "07",
    Setting.ENABLE_CONNECT_PROTOCOL: "08",
    Setting.H3_DATAGRAM: "33",
    Setting.H3_DATAGRAM_04: "80ffd277",
    Setting.ENABLE_WEBTRANSPORT: "ab603742",
    Setting.WEBTRANSPORT_MAX_SESSIONS_04: "ab603743",
    Setting.WEBTRANSPORT_MAX_SESSIONS_06: "bc48d522",
    Setting.WEBTRANSPORT_MAX_SESSIONS_07: "c0000000c671706a",
    Setting.WT_MAX_SESSIONS: "94e9cd29",
    Setting.WT_ENABLED: "ac7cf000",
    Setting.WT_INITIAL_MAX_STREAMS_UNI: "6b64",
    Setting.WT_INITIAL_MAX_STREAMS_BIDI: "6b65",
    Setting.WT_INITIAL_MAX_DATA: "6b61",
}
LEGAL_KEYS = st.integers(0, varint.MAX).filter(lambda key: key not in settings.HTTP2_SETTINGS)


@pytest.mark.parametrize("setting", Setting)
def test_vectors(setting: Setting) -> None:
    payload = bytes.fromhex(VECTORS[setting] + "01")
    assert settings.encode([(setting, 1)]) == payload
    assert settings.decode(payload) == ((setting, 1),)
    assert settings.name(setting) == setting.name


def test_what_a_browser_sends() -> None:
    """SETTINGS of Firefox 152, captured in picoquic issue 2157."""
    captured = bytes.fromhex("0180010000 0714 ab60374201 80ffd27701 3301 0801")
    pairs = settings.decode(captured)
    assert [(settings.name(key), value) for key, value in pairs] == [
        ("QPACK_MAX_TABLE_CAPACITY", 65536),
        ("QPACK_BLOCKED_STREAMS", 20),
        ("ENABLE_WEBTRANSPORT", 1),
        ("H3_DATAGRAM_04", 1),
        ("H3_DATAGRAM", 1),
        ("ENABLE_CONNECT_PROTOCOL", 1),
    ]
    assert settings.encode(pairs) == captured


def test_an_unknown_setting_is_named_by_its_number() -> None:
    assert settings.name(0x21) == "0x21"


@given(st.dictionaries(LEGAL_KEYS, st.integers(0, varint.MAX)))
def test_round_trip(pairs: dict[int, int]) -> None:
    assert settings.decode(settings.encode(tuple(pairs.items()))) == tuple(pairs.items())


@given(st.lists(st.tuples(st.integers(0, varint.MAX), st.integers(0, varint.MAX))))
def test_pairs_reads_all_that_encode_writes(pairs: list[tuple[int, int]]) -> None:
    assert settings.pairs(settings.encode(pairs)) == tuple(pairs)


@pytest.mark.parametrize("key", [0x0, 0x2, 0x3, 0x4, 0x5])
def test_identifiers_of_http2(key: int) -> None:
    payload = settings.encode([(0x33, 1), (key, 0)])
    with pytest.raises(SettingsError, match="belongs to HTTP/2") as refused:
        settings.decode(payload)
    assert refused.value.raw == payload
    assert settings.pairs(payload) == ((0x33, 1), (key, 0))


def test_duplicates() -> None:
    payload = settings.encode([(Setting.WT_ENABLED, 1), (Setting.WT_ENABLED, 1)])
    with pytest.raises(SettingsError, match="WT_ENABLED given twice"):
        settings.decode(payload)
    assert settings.pairs(payload) == ((Setting.WT_ENABLED, 1), (Setting.WT_ENABLED, 1))


@pytest.mark.parametrize("encoded", ["33", "3340", "40", "3301ab60", "3301ab60374201ab60374280"])
def test_a_payload_that_ends_inside_a_setting(encoded: str) -> None:
    with pytest.raises(FrameError, match="inside a setting") as cut:
        settings.decode(bytes.fromhex(encoded))
    assert cut.value.raw == bytes.fromhex(encoded)
