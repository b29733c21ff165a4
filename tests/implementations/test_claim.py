import os
import subprocess
import sys

from wtspec.implementations import claim


def test_what_a_living_claim_carries_is_no_orphan() -> None:
    name = claim.new()
    with claim.held(name):
        assert not claim.is_orphaned(claim.labels(name))
    assert claim.is_orphaned(claim.labels(name))


def test_what_a_dead_process_held_is_an_orphan() -> None:
    name = claim.new()
    script = (
        "import os; from wtspec.implementations import claim\n"
        f"with claim.held({name!r}): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script], check=False)
    found = claim.labels(name)
    assert os.path.exists(found["wtspec.lock"])  # noqa: PTH110 - as the label has it
    assert claim.is_orphaned(found)
    os.unlink(found["wtspec.lock"])  # noqa: PTH108 - as above


def test_what_another_host_owns_is_not_ours_to_judge() -> None:
    found = claim.labels(claim.new())
    assert not claim.is_orphaned({**found, "wtspec.host": "elsewhere"})
    assert not claim.is_orphaned({"wtspec.claim": "somebody"})
