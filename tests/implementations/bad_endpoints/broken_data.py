"""Reports datagrams in something that is not base64."""

import sys
from collections.abc import Mapping

from wtspec.implementations.reference import program


def emit(name: str, fields: Mapping[str, object]) -> None:
    honest(name, {**fields, "data": "*"} if name == "datagram" else fields)


honest = program.emit
vars(program)["emit"] = emit
sys.exit(program.main())
