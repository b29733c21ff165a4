import io
import tarfile
from collections.abc import Callable

import pytest

from wtspec.implementations.interop_images.harvest import harvested


def packed(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for info, data in members:
            archive.addfile(info, io.BytesIO(data))
    return made.getvalue()


def file(name: str, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    return info, data


def special(name: str, kind: bytes, target: str = "") -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info, b""


def test_plain_files_are_found_below_the_folder() -> None:
    found = harvested(
        packed(
            special("downloads", tarfile.DIRTYPE),
            file("downloads/negotiated_protocol.txt", b"one"),
            file("downloads/path/file", b"\x00" * 600),
        )
    )
    assert found.files == {"negotiated_protocol.txt": b"one", "path/file": b"\x00" * 600}
    assert found.is_whole


@pytest.mark.parametrize(
    "kind",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE],
)
def test_what_is_no_plain_file_is_not_looked_into(kind: bytes) -> None:
    other = file("downloads/other", b"other")
    found = harvested(packed(special("downloads/name", kind, "/etc/passwd"), other))
    assert found.files == {"other": b"other"}


def test_a_link_to_a_file_of_the_archive_is_not_that_file() -> None:
    held = file("downloads/held", b"held")
    link = special("downloads/name", tarfile.LNKTYPE, "downloads/held")
    assert harvested(packed(held, link)).files == {"held": b"held"}


def test_names_that_lead_elsewhere_stay_names() -> None:
    found = harvested(packed(file("downloads/../../etc/cron", b"x"), file("/etc/passwd", b"y")))
    assert found.files == {"../../etc/cron": b"x", "etc/passwd": b"y"}


@pytest.mark.parametrize(
    "spoil",
    [
        lambda whole: whole[:700],
        lambda whole: whole[:300],
        lambda whole: whole[:512] + b"\xff" * 1000,
        lambda whole: b"\xff" * len(whole),
        lambda whole: whole[:0],
    ],
    ids=["in a file", "in a header", "garbage behind a header", "garbage", "nothing"],
)
def test_a_spoilt_archive_is_told_and_raises_nothing(spoil: Callable[[bytes], bytes]) -> None:
    whole = packed(file("downloads/a", b"a" * 2000), file("downloads/b", b"b"))
    found = harvested(spoil(whole))
    assert not found.is_whole
    assert found.files == {}


def test_there_is_an_end_to_how_many_are_read() -> None:
    found = harvested(packed(*(file(f"downloads/{number}", b"") for number in range(5001))))
    assert len(found.files) == 5000
    assert not found.is_whole
