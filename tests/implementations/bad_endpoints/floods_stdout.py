"""Prints without end from its first session on: `lines`, `events` or one `line`."""

import os
import sys

from wtspec.implementations.reference import contract_server, program
from wtspec.implementations.reference.place import Application

FLOODS = {
    "lines": b"all is well\n" * 5_000,
    "events": b'{"event":"stream","session":"~session1","stream":"~s","kind":"uni"}\n' * 1_000,
    "line": b"x" * 65_536,
}


def flood(_: dict[str, str]) -> Application:
    while True:
        os.write(1, FLOODS[sys.argv[1]])


contract_server.PATHS["/echo"] = flood
sys.exit(program.main())
