"""Spins for ever when somebody asks for a session at /origin."""

import sys

from wtspec.implementations.reference import contract_server, program
from wtspec.implementations.reference.place import Application


def spin(_: dict[str, str]) -> Application:
    while True:
        pass


contract_server.PATHS["/origin"] = spin
sys.exit(program.main())
