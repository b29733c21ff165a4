"""Says nothing without an attack in it, and ends with one at /origin."""

import os
import sys
from collections.abc import Mapping
from typing import NoReturn

from wtspec.implementations.reference import contract_server, program

ATTACK = (
    "\x1b]0;owned\x07\x1b[2J\r\n::error::owned\n##[error]owned\n"
    "##[error]owned </script><img src=x onerror=alert(1)>"
    "\u202e\u2066\ufeff\ud800\u2028\x00\x9b31m]]>&#0;"
)


def emit(name: str, fields: Mapping[str, object]) -> None:
    spoilt = {
        key: f"{ATTACK}{value}{ATTACK}"
        for key, value in fields.items()
        if key in {"name", "version", "api", "reason", "error", "origin", "protocol"}
    }
    honest(name, {**fields, **spoilt, ATTACK: ATTACK})


def end(_: dict[str, str]) -> NoReturn:
    os.write(2, ATTACK.encode(errors="surrogatepass"))
    os._exit(3)


honest = program.emit
vars(program)["emit"] = emit
contract_server.PATHS["/origin"] = end
sys.exit(program.main())
