"""How a container is kept from its host and from others.

Measured on engine 20.10: all of it takes effect, and none of it costs time.
"""

from dataclasses import dataclass
from typing import Any

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Profile:
    """`memory_bytes` is the limit of memory and swap together; no `user`: the image's own.

    `capabilities` hold in the container's own namespaces. Programs may run from `/tmp` where it
    `runs_scratch`. `processes` counts threads too, of which some stacks take ten a connection.
    """

    name: str
    user: str = "65534:65534"
    capabilities: tuple[str, ...] = ()
    processes: int = 2048
    memory_bytes: int = 512 * _MIB
    scratch_bytes: int = 16 * _MIB
    open_files: int = 4096
    runs_scratch: bool = False

    def options(self) -> dict[str, Any]:
        """In docker-py's words."""
        execution = "exec" if self.runs_scratch else "noexec"
        scratch = f"size={self.scratch_bytes},{execution},nosuid,nodev,mode=1777"
        return {
            "cap_drop": ["ALL"],
            "cap_add": list(self.capabilities),
            "security_opt": ["no-new-privileges:true"],
            "user": self.user or None,
            "read_only": True,
            "tmpfs": {"/tmp": scratch},  # noqa: S108 - in the container
            "pids_limit": self.processes,
            "mem_limit": self.memory_bytes,
            "memswap_limit": self.memory_bytes,
            "init": True,  # many programs ignore SIGTERM as process 1
        }

    def describe(self) -> str:
        """One line for people: what is in force."""
        parts = (
            f"container, profile {self.name}",
            f"{' '.join(self.capabilities)} alone" if self.capabilities else "no capabilities",
            "no new privileges",
            f"user {self.user or 'of the image'}",
            "read-only root",
            f"{self.processes} processes",
            f"{self.memory_bytes // _MIB} MiB",
            "internal network",
        )
        return ", ".join(parts)


NATIVE = Profile("native")

# Start scripts of interop images change routes and turn offloading off. They need no root that can
# be written: what they leave goes to volumes of a limited size.
INTEROP = Profile(
    "interop",
    user="",
    capabilities=("NET_ADMIN",),
    memory_bytes=1024 * _MIB,
    scratch_bytes=64 * _MIB,
    runs_scratch=True,
)
