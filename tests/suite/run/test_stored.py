"""What a stored run says of its cells as a whole."""

from wtspec.suite.run.stored import Stored, StoredCell, StoredRun


def cell(name: str, outcome: str, *, root: str = "", expected_by: str = "") -> StoredCell:
    place = f"a/{name}@h3-16/server"
    return StoredCell(
        place, f"a/{name}", "server", "h3-16", outcome, root=root, expected_by=expected_by
    )


def test_what_a_baseline_excuses() -> None:
    known = cell("known", "fail", expected_by="some-rule")
    behind = cell("behind", "blocked", root=f"{known.id} ended in fail: Silence()")
    news = cell("news", "crash")
    behind_news = cell("behind-news", "blocked", root=f"{news.id} ended in crash: gone")
    alone = cell("alone", "blocked")
    stored = Stored(StoredRun("", 0, "", {}), (known, behind, news, behind_news, alone))
    assert (stored.unexpected, stored.excused) == (1, 1)
