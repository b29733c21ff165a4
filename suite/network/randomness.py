"""Randomness as a hash, so that a decision depends on its purpose and not on what ran before it."""

from hashlib import blake2b

_BITS = 53  # what a float holds exactly


def draw(seed: int, *purpose: object) -> float:
    """A number in [0, 1) that is the same on every machine for the same seed and purpose.

    The parts of `purpose` are compared by `str`, so they have to be values whose text says all
    there is to say: numbers, strings, enum members, cell ids.
    """
    digest = blake2b(digest_size=8)
    for part in (seed, *purpose):
        text = str(part).encode()
        # The length keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(len(text).to_bytes(4, "big") + text)
    return (int.from_bytes(digest.digest(), "big") >> (64 - _BITS)) / (1 << _BITS)
