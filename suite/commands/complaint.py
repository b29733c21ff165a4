"""A user's mistake, for a door that has no click to show it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import click

_OPTION = re.compile(r"--(?=(exec|url|listen|path|role|dialect|baseline|seed)\b)")


class Complaint(Exception):
    """What a command would have refused; the message is for the user."""


@contextmanager
def complaints(prefix: str) -> Iterator[None]:
    """Turn a command's refusal into a Complaint; options there begin with `prefix`."""
    try:
        yield
    except click.ClickException as error:
        raise Complaint(_renamed(error.format_message(), prefix)) from error


def _renamed(text: str, prefix: str) -> str:
    """The text with the other door's options, except where it quotes a whole command."""
    parts = text.split("`")
    for number, part in enumerate(parts):
        if number % 2 == 0 or part.startswith("--"):
            parts[number] = _OPTION.sub(prefix, part)
    return "`".join(parts)
