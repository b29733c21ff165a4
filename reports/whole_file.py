"""Writing a document whole or not at all: a killed run leaves yesterday's, not half of today's."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def replace_whole(
    path: Path, content: bytes, check: Callable[[Path], None] = lambda _written: None
) -> None:
    """Write beside `path`, have `check` look at it, then rename it; raises what `check` raises."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    unfinished = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        # mkstemp allows nobody else; a report is as readable as anything else that is written here.
        unfinished.chmod(0o644)
        check(unfinished)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
