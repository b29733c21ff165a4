"""What backs a verdict: the timeline, the packets, the key log, and the files they become."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from wtspec.suite.run.stored import StoredCell, StoredMoment

FOLDER = "evidence"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one attempt left: `packets` is a pcapng file, `key_log` NSS lines.

    `traceback` is that of a failure of ours. `fingerprint` tells two timelines apart, times
    included. `showing`: the faults that a watched endpoint would have shown; None: unknown.
    """

    timeline: tuple[StoredMoment, ...] = ()
    packets: bytes = b""
    key_log: str = ""
    traceback: str = ""
    fingerprint: str = ""
    showing: frozenset[str] | None = None

    @property
    def slight(self) -> "Evidence":
        """Without what takes room."""
        return Evidence(
            traceback=self.traceback, fingerprint=self.fingerprint, showing=self.showing
        )


NO_EVIDENCE = Evidence()


@dataclass(frozen=True, slots=True)
class Artefact:
    """A file of evidence; `path` is relative to the run's folder."""

    kind: str
    path: str
    size_bytes: int
    sha256: str


def write_evidence(folder: Path, cell: StoredCell, evidence: Evidence | None) -> list[Artefact]:
    """Write the files of everything but a pass, each whole or not at all."""
    if evidence is None or cell.outcome == "pass":
        return []
    artefacts: list[Artefact] = []
    home = Path(FOLDER) / file_name(cell.id)
    for kind, name, content in _files(evidence):
        path = home / name
        _write_whole(folder / path, content)
        digest = hashlib.sha256(content).hexdigest()
        artefacts.append(Artefact(kind, str(path), len(content), digest))
    return artefacts


def file_name(cell_id: str) -> str:
    """A name that any file system takes; the digest keeps two ids that differ in a sign apart."""
    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", cell_id).strip("-")[:100]
    return f"{plain}-{hashlib.sha256(cell_id.encode()).hexdigest()[:6]}"


# What tells sessions of one process apart, and so depends on what ran before.
_NAMES = re.compile(r"\bt[0-9a-f]+t[0-9a-f]+(-\d+)?|~[a-z]+\d+")


def fingerprint(timeline: tuple[StoredMoment, ...]) -> str:
    """Equal for two runs in which the same happened at the same times."""
    plain = _NAMES.sub("", repr(timeline))
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def _files(evidence: Evidence) -> Iterator[tuple[str, str, bytes]]:
    if evidence.timeline:
        moments = [asdict(one) for one in evidence.timeline]
        yield "timeline", "timeline.json", json.dumps(moments, indent=1).encode()
    if evidence.packets:
        yield "packets", "packets.pcapng", evidence.packets
    if evidence.key_log:
        yield "keys", "keys.log", evidence.key_log.encode()
    if evidence.traceback:
        yield "traceback", "traceback.txt", evidence.traceback.encode()


def _write_whole(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f"{path.suffix}.part")
    # Key logs are secrets while anything recorded with them is around.
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    unfinished.replace(path)
