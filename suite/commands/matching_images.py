"""`wtspec interop` between images made for quic-interop-runner's WebTransport mode."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from wtspec.implementations import claim, manifest
from wtspec.suite.commands.failure import usage
from wtspec.suite.commands.matching_words import REFERENCE, Wish, chosen, members

if TYPE_CHECKING:
    from wtspec.implementations.interop_images.match import InteropImage, Programme
    from wtspec.implementations.pairing.outcome import Result

_MARK = "interop:"


def are_meant(clients: str | None, servers: str | None) -> bool:
    """Whether any member is written as such an image."""
    return any(_image(one) for one in (*members(clients), *members(servers)))


@dataclass(frozen=True, slots=True)
class Images:
    """All members are such images, and our reference is one of them if it is named."""

    clients: "tuple[InteropImage, ...]"
    servers: "tuple[InteropImage, ...]"
    programme: "Programme"
    at_once: int

    @classmethod
    def of(cls, wish: Wish) -> "Images":
        """Raises UsageError."""
        from wtspec.implementations.interop_images.match import Programme
        from wtspec.implementations.interop_images.testcases import TESTCASES
        from wtspec.implementations.pairing.links import LINKS

        programme = Programme(
            tuple(TESTCASES[one] for one in chosen(wish.scenarios, TESTCASES, "test case")),
            tuple(chosen(wish.links or ("clean",), LINKS, "link")),
            wish.repeat,
            wish.seed,
        )
        if not any(programme.plays()):
            raise usage("datagrams are sent once, and every --link loses some; add another link")
        return cls(
            _members(wish.clients, "client"),
            _members(wish.servers, "server"),
            programme,
            wish.at_once or os.cpu_count() or 1,
        )

    @property
    def isolation(self) -> str:
        from wtspec.implementations.isolation import INTEROP

        return INTEROP.describe()

    def play(self, hear: "Callable[[Result], None]") -> None:
        """On networks and in containers of which nothing is left."""
        from wtspec.implementations.container import claimed
        from wtspec.implementations.interop_images.match import Tour

        owner = claim.new()
        forwarder = manifest.load(REFERENCE).tag
        images = {one.image for one in (*self.clients, *self.servers)}
        tour = Tour(self.clients, self.servers, self.programme, forwarder, self.at_once)
        with claimed(owner, forwarder, *sorted(images)):
            asyncio.run(tour.run(owner, hear))


def _image(text: str) -> str:
    """Of NAME=interop:IMAGE; "" for whatever else."""
    _, _, what = text.partition("=")
    return what.removeprefix(_MARK) if what.startswith(_MARK) else ""


def _members(text: str | None, role: str) -> "tuple[InteropImage, ...]":
    found = tuple(_member(one) for one in members(text))
    if not found:
        raise usage(f"--{role}s has to name interop images, as NAME={_MARK}IMAGE, or {REFERENCE}")
    return found


def _member(text: str) -> "InteropImage":
    from wtspec.implementations.interop_images.match import InteropImage

    if image := _image(text):
        return InteropImage(text.partition("=")[0], image)
    if text == REFERENCE:
        return InteropImage(text, manifest.load(REFERENCE).tag)
    raise usage(
        f"{text!r} is no interop image, and those meet each other only;"
        f" write NAME={_MARK}IMAGE, or {REFERENCE}"
    )
