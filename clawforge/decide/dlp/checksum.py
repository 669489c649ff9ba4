"""Checksums that tell a real number or token from one that only looks like it."""

from __future__ import annotations

import zlib

_DOUBLED = bytes.maketrans(b"0123456789", bytes(48 + digit for digit in (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def luhn_valid(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: doubling every second digit from the right, the digit sum is a multiple of ten.

    `digits` holds ASCII digits only. Sums of byte values stand for sums of digits, since this runs for every
    candidate.
    """
    data = digits.encode("ascii")
    total = sum(data[-1::-2]) + sum(data[-2::-2].translate(_DOUBLED))
    return (total - 48 * len(data)) % 10 == 0


def crc32_base62(text: str) -> str:
    """CRC-32 (IEEE) of ASCII text in six base-62 digits, zero-padded: the tail of GitHub's and npm's tokens.

    Source: "Behind GitHub's new authentication token formats", GitHub Engineering, 2021; digits are 0-9,
    A-Z, a-z.
    """
    rest = zlib.crc32(text.encode("ascii"))
    tail = ""
    for _ in range(6):
        rest, digit = divmod(rest, 62)
        tail = _BASE62[digit] + tail
    return tail
