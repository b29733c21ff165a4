"""What a run says to the shell."""

import pytest

from wtspec.suite.commands.exit_code import ExitCode, exit_code


@pytest.mark.parametrize(
    ("totals", "facts", "wanted"),
    [
        ({"pass": 9}, {}, 0),
        ({"pass": 9, "tolerated": 1, "not-applicable": 50}, {}, 0),
        ({"pass": 9, "fail": 1}, {"unexpected": 1}, 1),
        ({"pass": 9, "fail": 1}, {}, 0),
        ({"pass": 9}, {"stale": ["an entry"]}, 1),
        ({"fail": 256}, {"unexpected": 256}, 1),
        ({"pass": 9, "harness-error": 1}, {}, 4),
        ({"pass": 9, "fail": 1, "harness-error": 1}, {"unexpected": 1}, 4),
        ({"pass": 98, "blocked": 2}, {}, 0),
        ({"pass": 97, "blocked": 3}, {}, 4),
        ({"fail": 1, "blocked": 99}, {"unexpected": 1}, 1),
        ({"fail": 1, "pass": 89, "blocked": 10}, {"excused": 10}, 0),
        ({"fail": 1, "pass": 89, "blocked": 10}, {"excused": 7}, 4),
        ({"blocked": 9}, {"is_troubled": True}, 3),
        ({"pass": 9}, {"is_troubled": True}, 0),
        ({"not-applicable": 9}, {}, 5),
        ({}, {}, 5),
        ({"pass": 1, "not-run": 8}, {"is_complete": False}, 130),
    ],
)
def test_exit_codes(totals: dict[str, int], facts: dict[str, object], wanted: int) -> None:
    given: dict[str, object] = {"unexpected": 0, **facts}
    assert exit_code(totals, **given) is ExitCode(wanted)  # type: ignore[arg-type]  # by name
