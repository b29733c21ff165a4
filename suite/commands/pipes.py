"""Output whose reader may leave before the end, as `head` does: what is said then is lost."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click


@contextmanager
def unheard() -> Iterator[None]:
    """Nothing but the words is lost when nobody reads them any more."""
    try:
        yield
    except BrokenPipeError:
        silence()


def tell(text: str) -> None:
    """To stderr, for whoever is there."""
    with unheard():
        click.echo(text, err=True)


def say(text: str) -> None:
    """To stdout, for whoever is there."""
    with unheard():
        click.echo(text)


def open_streams() -> None:
    """Who was started with a standard stream closed has None in its place; it may lead nowhere."""
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)
            setattr(sys, name, os.fdopen(nowhere, "r" if name == "stdin" else "w"))


def silence() -> None:
    """Let a stream that nobody reads lead nowhere; the interpreter's last flush would complain."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
