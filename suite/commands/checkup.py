"""What this machine has of what runs need: one small check each, none of which changes anything."""

import contextlib
import os
import platform
import resource
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from wtspec.implementations import manifest
from wtspec.reports.block import visible

_DEADLINE_S = 5.0
_LARGEST_UDP_BYTES = 65507
_ETHERNET_UDP_BYTES = 1472
_RECEIVE_BUFFER_BYTES = 1 << 20
_FREE_DISK_BYTES = 1 << 30
_OPEN_FILES = 1024

_LIBRARIES = ("aioquic", "cryptography", "pylsqpack", "click", "rich", "msgspec", "junit-xml")
_OPTIONAL = {
    "docker": "the extra `wtspec[docker]` is not installed: no endpoint in a container",
    "playwright": "the extra `wtspec[browser]` is not installed: no browser as an endpoint",
    "pytest": "not installed: `wtspec run` works, `pytest --pyargs wtspec.suite.cases` does not",
}
_BROWSERS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    "firefox": ("firefox", "firefox-esr"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked for, what is there, and what its lack costs ("" for nothing)."""

    what: str
    found: str
    gap: str = ""


def check_up(folder: Path) -> list[Finding]:
    """Everything; `folder` is where results would be written."""
    checks = (
        _software(),
        _machine(),
        _docker(),
        _browsers(),
        _implementations(),
        _network(),
        _room(folder),
        _limits(),
    )
    return [finding for check in checks for finding in check]


def _software() -> Iterator[Finding]:
    yield Finding("wtspec", version("wtspec"))
    yield Finding("python", platform.python_version())
    for name in _LIBRARIES:
        yield Finding(name, version(name))
    for name, gap in _OPTIONAL.items():
        what = f"{name} for Python" if name == "docker" else name
        try:
            yield Finding(what, version(name))
        except PackageNotFoundError:
            yield Finding(what, "-", gap)


def _machine() -> Iterator[Finding]:
    yield Finding("system", f"{platform.system()} {platform.release()} {platform.machine()}")
    if platform.system() != "Linux":
        yield Finding(
            "kernel", "not Linux", "refused packets and dropped packets cannot be told from silence"
        )
    yield Finding("processors", str(os.cpu_count() or 1))
    yield Finding("netem", "yes" if _has_netem() else "no (our own relay impairs; nothing is lost)")


def _has_netem() -> bool:
    modules = Path("/lib/modules") / platform.release()
    for listing in ("modules.builtin", "modules.dep"):
        with contextlib.suppress(OSError):
            if "sch_netem" in (modules / listing).read_text(errors="replace"):
                return True
    return False


def _docker() -> Iterator[Finding]:
    if shutil.which("docker") is None:
        yield Finding("docker client", "-", "no `docker` on the PATH: no endpoint in a container")
        return
    yield Finding("docker client", _said("docker", "--version") or "gives no version")
    form = "{{.Server.Version}} API {{.Server.APIVersion}}"
    engine = _said("docker", "version", "--format", form)
    if engine:
        yield Finding("docker engine", engine)
    else:
        gap = "not running, or you may not use it: no endpoint in a container; plain programs work"
        yield Finding("docker engine", "-", gap)


def _browsers() -> Iterator[Finding]:
    for name, programs in _BROWSERS.items():
        found = next((one for one in programs if shutil.which(one)), None)
        if found is None:
            looked = ", ".join(programs)
            yield Finding(name, "-", f"none of {looked} on the PATH: no {name} as an endpoint")
        else:
            yield Finding(name, _said(found, "--version") or f"{found}, which gives no version")


def _implementations() -> Iterator[Finding]:
    """The tools that known implementations are built with, and whether they are built."""
    for name in manifest.known():
        process = manifest.load(name).process
        if process is None:
            continue
        missing = [tool for tool in process.needs if shutil.which(tool) is None]
        if manifest.is_built(manifest.load(name)):
            yield Finding(name, "built")
        elif missing:
            yield Finding(name, "not built", f"needs {', '.join(missing)} on the PATH to be built")
        else:
            gap = f"`wtspec build --program {name}` makes it ready for runs"
            yield Finding(name, "not built", gap)
        for tool in process.needs:
            if tool not in missing:
                yield Finding(tool, _said(tool, "version") or _said(tool, "--version") or "present")


def _network() -> Iterator[Finding]:
    for name, host in (("IPv4", "127.0.0.1"), ("IPv6", "::1")):
        largest = largest_datagram(host)
        what = f"UDP on {host}"
        if largest is None:
            yield Finding(what, "-", f"no endpoint on {name} loopback can be reached")
        elif largest < _ETHERNET_UDP_BYTES:
            gap = "packets of usual size do not pass: runs will fail"
            yield Finding(what, f"{largest} bytes", gap)
        else:
            yield Finding(what, f"up to {largest} bytes")
    granted = _receive_buffer_bytes()
    gap = "net.core.rmem_max is low: bursts may be lost here, and cost confirming runs"
    is_low = granted < _RECEIVE_BUFFER_BYTES
    yield Finding("UDP buffer", f"{granted // 1024} KiB", gap if is_low else "")


def largest_datagram(host: str) -> int | None:
    """The largest payload that arrives whole on this loopback address; None: not even one byte."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as one:
            one.bind((host, 0))
            one.settimeout(0.5)
            sizes = (_LARGEST_UDP_BYTES, 16384, 9000, _ETHERNET_UDP_BYTES, 1200, 1)
            return next((size for size in sizes if _passes(one, size)), None)
    except OSError:
        return None


def _passes(one: socket.socket, size_bytes: int) -> bool:
    try:
        one.sendto(bytes(size_bytes), one.getsockname())
        return len(one.recv(65535)) == size_bytes
    except OSError:
        return False


def _receive_buffer_bytes() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_BYTES)
        # Linux tells twice what it grants, for its own bookkeeping.
        share = 2 if platform.system() == "Linux" else 1
        return one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // share


def _room(folder: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(folder).free
    is_short = free < _FREE_DISK_BYTES
    gap = "little room for packets and timelines of red cells; give --out on another disk"
    yield Finding(f"disk at {folder}", f"{free >> 20} MiB free", gap if is_short else "")
    if not os.access(folder, os.W_OK):
        yield Finding("results", "-", f"{folder} cannot be written: give --out elsewhere")


def _limits() -> Iterator[Finding]:
    files, most_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_low = files < _OPEN_FILES and files != resource.RLIM_INFINITY
    gap = "under 1024: wide runs may stop for lack of sockets; `ulimit -n 4096` helps"
    yield Finding("open files", f"{_shown(files)} of {_shown(most_files)}", gap if is_low else "")
    processes, _ = resource.getrlimit(resource.RLIMIT_NPROC)
    yield Finding("processes", _shown(processes))
    memory, _ = resource.getrlimit(resource.RLIMIT_AS)
    yield Finding("address space", _shown(memory))


def _shown(limit: int) -> str:
    return "unlimited" if limit == resource.RLIM_INFINITY else str(limit)


def _said(*command: str) -> str:
    """The first line that a tool prints; "" when it fails, hangs or says nothing."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, programs from the PATH
            command, capture_output=True, timeout=_DEADLINE_S, check=True, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
    return visible(lines[0]) if lines else ""
