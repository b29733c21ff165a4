from wtspec.suite.network.randomness import draw


def test_a_draw_is_the_same_in_every_process_and_release() -> None:
    # Literals: a change of the hash silently changes every recorded seed.
    assert draw(7, "setup/echo", "loss", 3) == 0.3475438358544466
    assert draw(0) == 0.31278280979860384


def test_every_part_of_the_purpose_counts() -> None:
    purposes = [("a", 0), ("b", 0), ("a", 1), ("a",), ("a", 0, ""), ("a", 0, 0)]
    draws = {draw(seed, *purpose) for seed in (1, 2) for purpose in purposes}
    assert len(draws) == 2 * len(purposes)


def test_the_border_between_two_parts_counts() -> None:
    assert draw(1, "ab", "c") != draw(1, "a", "bc")


def test_draws_are_uniform() -> None:
    draws = [draw(1, index) for index in range(10_000)]
    assert all(0.0 <= one < 1.0 for one in draws)
    tenths = [sum(tenth <= 10 * one < tenth + 1 for one in draws) for tenth in range(10)]
    assert all(900 < size < 1100 for size in tenths)
