import pytest

from wtspec.suite.network.fates import REORDER_S, Delivery, decide
from wtspec.suite.network.path import (
    CLEAN,
    Corrupt,
    Delay,
    Direction,
    Drop,
    Duplicate,
    Fate,
    Hold,
    Path,
    Swap,
)

TO = Direction.TO_ENDPOINT
FROM = Direction.FROM_ENDPOINT
PLAIN = Delivery(0.0)


def fate_of(path: Path, index: int = 0, *, seed: int = 1, size: int = 100) -> tuple[Delivery, ...]:
    return decide(path, seed, TO, index, size_bytes=size, at_s=0.0)


def fates_of(path: Path, count: int = 2000, *, seed: int = 1) -> list[tuple[Delivery, ...]]:
    return [fate_of(path, index, seed=seed) for index in range(count)]


def test_a_clean_path_delivers_once_and_at_once() -> None:
    assert set(fates_of(CLEAN)) == {(PLAIN,)}


def test_the_same_seed_decides_the_same_and_another_one_differently() -> None:
    path = Path(delay_s=0.02, jitter_s=0.01, loss=0.1, duplicate=0.1, corrupt=0.1, reorder=0.1)
    assert fates_of(path) == fates_of(path)
    assert fates_of(path) != fates_of(path, seed=2)


def test_the_directions_are_decided_apart() -> None:
    path = Path(loss=0.5)
    there, back = (
        [decide(path, 1, direction, index, size_bytes=9, at_s=0) for index in range(100)]
        for direction in Direction
    )
    assert there != back


def test_loss_takes_its_share() -> None:
    lost = fates_of(Path(loss=0.05)).count(())
    assert 60 < lost < 140


def test_duplicates_come_in_their_share() -> None:
    twice = fates_of(Path(duplicate=0.05)).count((PLAIN, PLAIN))
    assert 60 < twice < 140


def test_jitter_only_adds_to_the_delay() -> None:
    delays = [fate[0].delay_s for fate in fates_of(Path(delay_s=0.02, jitter_s=0.01))]
    assert min(delays) >= 0.02
    assert max(delays) < 0.03
    assert max(delays) - min(delays) > 0.009


def test_a_reordered_packet_is_kept_back() -> None:
    fates = fates_of(Path(delay_s=0.02, reorder=0.1))
    kept = fates.count((Delivery(0.02 + REORDER_S),))
    assert 140 < kept < 260
    assert kept + fates.count((Delivery(0.02),)) == len(fates)


def test_corruption_flips_one_bit_anywhere() -> None:
    data = bytes(100)
    fates = fates_of(Path(corrupt=1.0))
    changed = {fate[0].apply(data) for fate in fates}
    assert {sum(byte.bit_count() for byte in one) for one in changed} == {1}
    assert len(changed) > 600  # of 800 bits


def test_a_copy_of_a_corrupted_packet_is_intact() -> None:
    (first, second) = fate_of(Path(corrupt=1.0, duplicate=1.0))
    assert first.apply(b"packet") != b"packet"
    assert second.apply(b"packet") == b"packet"


def test_an_empty_datagram_cannot_be_corrupted() -> None:
    (delivery,) = fate_of(Path(corrupt=1.0), size=0)
    assert delivery.apply(b"") == b""


@pytest.mark.parametrize(("size", "passes"), [(1279, True), (1280, True), (1281, False)])
def test_the_size_limit_is_the_largest_payload_that_passes(size: int, passes: bool) -> None:
    assert bool(fate_of(Path(size_limit_bytes=1280), size=size)) is passes


@pytest.mark.parametrize(
    ("at_s", "passes"), [(0.9, True), (1.0, False), (1.9, False), (2.0, True), (3.5, False)]
)
def test_nothing_leaves_a_black_hole(at_s: float, passes: bool) -> None:
    path = Path(blackhole_s=((1.0, 2.0), (3.0, 4.0)), fates=(Duplicate(TO, 0),))
    assert bool(decide(path, 1, TO, 0, size_bytes=9, at_s=at_s)) is passes


@pytest.mark.parametrize(
    ("fate", "deliveries"),
    [
        (Drop(TO, 3), ()),
        (Hold(TO, 3, until_index=7), (Delivery(0.02, after_index=7),)),
        (Swap(TO, 3), (Delivery(0.02, after_index=4),)),
        (Delay(TO, 3, 0.5), (Delivery(0.52),)),
        (Duplicate(TO, 3), (Delivery(0.02),) * 2),
        (Duplicate(TO, 3, copies=5), (Delivery(0.02),) * 5),
        (Corrupt(TO, 3, bit=17), (Delivery(0.02, flipped_bit=17),)),
    ],
)
def test_a_scripted_fate_is_spared_all_chance(fate: Fate, deliveries: object) -> None:
    path = Path(delay_s=0.02, jitter_s=0.5, loss=1.0, fates=(fate,))
    assert fate_of(path, 3) == deliveries


def test_a_scripted_fate_names_one_packet_of_one_direction() -> None:
    path = Path(fates=(Drop(TO, 3),))
    assert fates_of(path, 6) == [(PLAIN,)] * 3 + [()] + [(PLAIN,)] * 2
    assert decide(path, 1, FROM, 3, size_bytes=9, at_s=0) == (PLAIN,)


def test_the_first_fate_that_names_a_packet_wins() -> None:
    assert fate_of(Path(fates=(Drop(TO, 0), Duplicate(TO, 0)))) == ()


def test_a_scripted_corruption_flips_a_bit_that_the_seed_chose() -> None:
    (delivery,) = fate_of(Path(fates=(Corrupt(TO, 0),)))
    assert fate_of(Path(fates=(Corrupt(TO, 0),))) == (delivery,)
    assert delivery.apply(bytes(100)) != bytes(100)


def test_a_bit_beyond_the_packet_counts_from_its_start_again() -> None:
    assert Delivery(0.0, flipped_bit=17).apply(b"\x00\x00") == b"\x02\x00"
