"""Does everything right, and reports what no API shows: wrong types, strangers, broken base64."""

import sys
from collections.abc import Mapping

from wtspec.implementations.reference import program

ODD: tuple[dict[str, object], ...] = (
    {"id": [1]},
    {"id": {}},
    {"id": 1.5, "session": None},
    {"session": ["a"], "stream": {"b": "c"}},
    {"stream": True, "data": "***"},
    {"data": 7},
    {"path": 5, "session": 6},
    {"code": 1 << 80, "how": ["fin"], "by": 0},
    {"path": "/echo?token=", "session": "~stranger"},
)
NAMES = ("session", "data", "ended", "closed", "done", "error", "refused", "stream", "no such")


def emit(name: str, fields: Mapping[str, object]) -> None:
    honest(name, fields)
    for one in ODD:
        for other in NAMES:
            honest(other, one)
        # The same beside a session and a stream of ours.
        places = {key: fields[key] for key in ("session", "stream") if key in fields}
        honest("no such", one | places)


honest = program.emit
vars(program)["emit"] = emit
sys.exit(program.main())
