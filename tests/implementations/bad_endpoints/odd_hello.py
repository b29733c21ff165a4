"""Greets with something odd in the field that it is told: argv is field and JSON value."""

import json
import sys
from collections.abc import Mapping

from wtspec.implementations.reference import program


def emit(name: str, fields: Mapping[str, object]) -> None:
    honest(name, {**fields, sys.argv[1]: json.loads(sys.argv[2])} if name == "hello" else fields)


honest = program.emit
vars(program)["emit"] = emit
sys.exit(program.main())
