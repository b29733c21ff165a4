"""When exit status 127 means that an image does not offer a test case.

It also means "command not found" to every shell: a broken image would read as one that supports
nothing. So it has to decline a test case that nobody has, and not to decline the handshake.
"""

DECLINED = 127
NONSENSE = "wtspec-no-such-testcase"


def is_believed(nonsense: int | None, handshake: int | None) -> bool:
    """By the exit statuses of both in the same role; None: it did not end by itself."""
    return nonsense == DECLINED and handshake != DECLINED


def doubt(side: str, nonsense: int | None) -> str:
    """Why it is not believed, for people."""
    if nonsense != DECLINED:
        return f"the {side} ended with status 127, but not for a test case that nobody has"
    return f"the {side} ends with status 127 for the handshake too: its image may be broken"
