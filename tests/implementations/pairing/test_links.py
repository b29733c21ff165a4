import pytest

from wtspec.implementations.pairing.links import LINKS, carries_all, is_certain


@pytest.mark.parametrize(
    ("name", "loses_nothing", "leaves_nothing_to_chance"),
    [
        ("clean", True, True),
        ("lan", True, True),
        ("wan", True, True),
        ("lossy", False, False),
        ("mtu", False, True),
        ("reorder", True, False),
        ("rebind", False, True),
    ],
)
def test_what_a_link_does(name: str, loses_nothing: bool, leaves_nothing_to_chance: bool) -> None:
    assert (carries_all(name), is_certain(name)) == (loses_nothing, leaves_nothing_to_chance)


def test_every_link_is_looked_at() -> None:
    assert set(LINKS) == {"clean", "lan", "wan", "lossy", "mtu", "reorder", "rebind"}
