"""What a program left in a folder, read from the archive that the engine makes of it.

Whoever left it may mean harm. So nothing is ever written to a disk of ours: names are only
compared, links and devices are not looked into, and all of it is bounded.
"""

import io
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass

_MOST_ENTRIES = 5000


@dataclass(frozen=True, slots=True)
class Harvest:
    """Plain files by path below the folder. `is_whole`: there was no more than we read."""

    files: Mapping[str, bytes]
    is_whole: bool = True


EMPTY = Harvest({})


def harvested(packed: bytes) -> Harvest:
    """Of the archive of one folder; whatever it holds, this raises nothing."""
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(packed), mode="r:") as found:
            for number, member in enumerate(found):
                if number == _MOST_ENTRIES:
                    return Harvest(files, is_whole=False)
                # The folder itself is the first part of every name.
                _, _, name = member.name.partition("/")
                if member.isreg() and not member.issparse():
                    files[name] = _content(found, member)
    except (tarfile.TarError, OSError, ValueError, OverflowError):
        return Harvest(files, is_whole=False)
    return Harvest(files)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    held = archive.extractfile(member)
    data = held.read() if held is not None else b""
    if len(data) != member.size:
        raise tarfile.ReadError("the archive ends in the middle of a file")
    return data
