from dataclasses import replace

import click
import pytest

from wtspec.implementations import manifest
from wtspec.suite.commands import matching, matching_images, matching_programs
from wtspec.suite.commands.matching_images import Images
from wtspec.suite.commands.matching_words import Wish

GO = "go=interop:registry.test/webtransport-go:latest"
WISH = Wish(GO, GO, (), (), 2, 0, 1, None, None, None, None)


def test_images_are_meant_where_one_is_named() -> None:
    assert matching_images.are_meant("reference", f"reference,{GO}")
    assert not matching_images.are_meant("reference,other=./program --flag=interop:1", None)


def test_names_and_images() -> None:
    field = Images.of(replace(WISH, clients=f"reference, {GO}"))
    reference = ("reference", manifest.load("reference").tag)
    go = ("go", "registry.test/webtransport-go:latest")
    assert [(one.name, one.image) for one in field.clients] == [reference, go]
    assert [(one.name, one.image) for one in field.servers] == [go]
    assert [one.case.name for one in field.programme.plays()][:2] == [
        "handshake",
        "transfer-unidirectional-receive",
    ]
    assert "NET_ADMIN alone" in field.isolation


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        (replace(WISH, clients="webtransport-go"), "those meet each other only"),
        (replace(WISH, servers=None), "--servers has to name interop images"),
        (replace(WISH, scenarios=("transfer-bidirectional",)), "no test case"),
        (replace(WISH, links=("lossless",)), "try lossy"),
        (replace(WISH, scenarios=("transfer-datagram-send",), links=("lossy",)), "add another"),
    ],
)
def test_what_is_not_understood(wish: Wish, told: str) -> None:
    with pytest.raises(click.UsageError, match=told):
        Images.of(wish)


def test_datagrams_are_left_out_where_the_link_loses_some() -> None:
    field = Images.of(replace(WISH, links=("lossy", "clean")))
    played = [(one.link, one.case.name, one.seed) for one in field.programme.plays()]
    assert ("lossy", "handshake", 1) in played
    assert ("clean", "transfer-datagram-send", 0) in played
    assert not [one for one in played if one[0] == "lossy" and "datagram" in one[1]]


def test_programs_are_everybody_else() -> None:
    field = matching_programs.Programs.of(replace(WISH, clients="reference", servers="mine=./run"))
    assert [one.name for one in field.clients] == ["reference"]
    assert [(one.name, one.command) for one in field.servers] == [("mine", "./run")]
    assert field.isolation == "plain processes"


def test_the_listing_has_scenarios_test_cases_and_links() -> None:
    words = {line.partition(" ")[0] for line in matching.listing()}
    assert {"echo-bidi", "transfer-datagram-send", "lossy"} <= words
