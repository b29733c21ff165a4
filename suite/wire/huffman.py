"""Huffman encoding of strings (RFC 7541 section 5.2 and appendix B); decoding is pylsqpack's."""

from collections.abc import Sequence
from typing import Final

# Bits of the code of each octet, then of EOS. The code is canonical (codes of one length are
# consecutive, in the order of the symbols), so the lengths are the whole table.
CODE_LENGTHS: Final[tuple[int, ...]] = (
    *(13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28),
    *(28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28),
    *(6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6),
    *(5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10),
    *(13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7),
    *(7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6),
    *(15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5),
    *(6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28),
    *(20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23),
    *(24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24),
    *(22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23),
    *(21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23),
    *(26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25),
    *(19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27),
    *(20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23),
    *(26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26),
    30,
)


def _canonical(lengths: Sequence[int]) -> tuple[str, ...]:
    """The code of each symbol as a string of binary digits."""
    codes = [""] * len(lengths)
    code = length = 0
    for symbol in sorted(range(len(lengths)), key=lambda symbol: (lengths[symbol], symbol)):
        code <<= lengths[symbol] - length
        length = lengths[symbol]
        codes[symbol] = f"{code:0{length}b}"
        code += 1
    return tuple(codes)


_CODES: Final = _canonical(CODE_LENGTHS)


def encode(text: bytes) -> bytes:
    """Padded, as the RFC demands, with ones: the first bits of EOS."""
    digits = "".join([_CODES[octet] for octet in text])
    size_bytes = (len(digits) + 7) // 8
    return int("0" + digits.ljust(8 * size_bytes, "1"), 2).to_bytes(size_bytes, "big")
