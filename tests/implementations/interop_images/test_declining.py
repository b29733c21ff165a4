import pytest

from wtspec.implementations.interop_images.declining import doubt, is_believed


@pytest.mark.parametrize(
    ("nonsense", "handshake", "believed"),
    [
        (127, 0, True),
        (127, 1, True),
        (127, None, True),
        (127, 127, False),
        (0, 0, False),
        (1, 0, False),
        (None, 0, False),
        (None, 127, False),
    ],
)
def test_127_alone_proves_nothing(
    nonsense: int | None, handshake: int | None, believed: bool
) -> None:
    assert is_believed(nonsense, handshake) is believed


def test_why_it_is_not_believed() -> None:
    assert "not for a test case that nobody has" in doubt("server", 1)
    assert "the handshake too" in doubt("client", 127)
