"""How a container is kept from its host and from others: one profile for each way to run.

Measured on engine 20.10: all of it takes effect, and none of it costs time.
"""

from dataclasses import dataclass
from typing import Any

NOBODY = "65534:65534"
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Profile:
    """`memory_bytes` is the limit of memory and swap together; `user` None: the image's own."""

    name: str
    user: str | None
    is_read_only: bool
    added_capabilities: tuple[str, ...] = ()
    processes: int = 256
    memory_bytes: int = 512 * _MIB
    scratch_bytes: int = 16 * _MIB
    open_files: int = 4096

    def options(self) -> dict[str, Any]:
        """In docker-py's words."""
        return {
            "cap_drop": ["ALL"],
            "cap_add": list(self.added_capabilities),
            "security_opt": ["no-new-privileges:true"],
            "user": self.user,
            "read_only": self.is_read_only,
            "tmpfs": {"/tmp": f"size={self.scratch_bytes},noexec,nosuid,nodev,mode=1777"},  # noqa: S108 - in the container
            "pids_limit": self.processes,
            "mem_limit": self.memory_bytes,
            "memswap_limit": self.memory_bytes,
            "init": True,  # many programs ignore SIGTERM as process 1
        }

    def describe(self) -> str:
        """One line for people: what is in force."""
        parts = (
            f"container, profile {self.name}",
            "no capabilities" + "".join(f" but {one}" for one in self.added_capabilities),
            "no new privileges",
            f"user {self.user or 'of the image'}",
            "read-only root" if self.is_read_only else "writable root",
            f"{self.processes} processes",
            f"{self.memory_bytes // _MIB} MiB",
            "internal network",
        )
        return ", ".join(parts)


NATIVE = Profile("native", NOBODY, is_read_only=True)
# Images of the QUIC interop runner rewrite routes of their own network, and write where they like.
INTEROP = Profile("interop", None, is_read_only=False, added_capabilities=("NET_ADMIN",))
