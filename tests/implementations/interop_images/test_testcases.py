import pytest

from wtspec.implementations.interop_images.testcases import TESTCASES, Kind, task
from wtspec.suite.dialect import Side

TRANSFERS = [name for name in TESTCASES if name != "handshake"]


def test_there_are_seven() -> None:
    assert list(TESTCASES) == [
        "handshake",
        "transfer-unidirectional-receive",
        "transfer-unidirectional-send",
        "transfer-bidirectional-receive",
        "transfer-bidirectional-send",
        "transfer-datagram-receive",
        "transfer-datagram-send",
    ]


@pytest.mark.parametrize("name", TRANSFERS)
def test_the_answering_side_is_told_transfer(name: str) -> None:
    asks, answers = (
        (Side.CLIENT, Side.SERVER) if name.endswith("receive") else (Side.SERVER, Side.CLIENT)
    )
    case = TESTCASES[name]
    assert (case.told(asks), case.told(answers)) == (name, "transfer")


def test_in_the_handshake_both_are_told_so() -> None:
    assert {TESTCASES["handshake"].told(side) for side in Side} == {"handshake"}


@pytest.mark.parametrize("name", TRANSFERS)
def test_requests_and_what_has_to_come_of_them(name: str) -> None:
    made = task(TESTCASES[name], 3)
    site = f"https://server4:443/{made.path}"
    paths = [f"{made.path}/{one}" for one in made.files]
    if name.endswith("receive"):
        assert made.requests(Side.CLIENT).split() == [f"https://server4:443/{one}" for one in paths]
        assert made.requests(Side.SERVER) == ""
        assert list(made.expected(Side.CLIENT)) == paths
        assert made.expected(Side.SERVER) == {}
    else:
        assert made.requests(Side.CLIENT) == site
        assert made.requests(Side.SERVER).split() == paths
        assert list(made.expected(Side.SERVER)) == paths
        assert made.expected(Side.CLIENT) == {}


def test_of_the_protocols_the_one_that_the_client_wants_most() -> None:
    made = task(TESTCASES["handshake"], 3)
    client, server = (made.protocols[side] for side in (Side.CLIENT, Side.SERVER))
    common = [one for one in client if one in server]
    assert len(common) == 2
    assert [one for one in server if one in client] == common[::-1]
    assert made.agreed == common[0]
    assert made.expected(Side.SERVER) == made.expected(Side.CLIENT)


def test_the_same_seed_gives_the_same_bytes_and_another_one_others() -> None:
    case = TESTCASES["transfer-datagram-send"]
    assert task(case, 1) == task(case, 1)
    assert set(task(case, 1).files.values()).isdisjoint(task(case, 2).files.values())
    assert len(task(case, 1).files) == 200
    assert max(map(len, task(case, 1).files.values())) < 1000


def test_only_datagrams_need_every_packet() -> None:
    needing = {one.kind for one in TESTCASES.values() if one.needs_every_packet}
    assert needing == {Kind.DATAGRAM}
