"""Bytes that are meant to be illegal, or at least unchecked, with the reason why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Raw:
    """Never re-read by the witness. Joined with bytes it makes them all Raw."""

    data: bytes
    why: str

    def __post_init__(self) -> None:
        if not self.why:
            raise ValueError("say why the bytes are illegal")

    def __add__(self, other: "bytes | Raw") -> "Raw":
        more = other.data if isinstance(other, Raw) else other
        return Raw(self.data + more, self.why)

    def __radd__(self, other: bytes) -> "Raw":
        return Raw(other + self.data, self.why)

    def __len__(self) -> int:
        return len(self.data)


def plain(data: bytes | Raw) -> bytes:
    """The bytes themselves."""
    return data.data if isinstance(data, Raw) else data
