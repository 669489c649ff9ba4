"""Which detectors find credentials, and how to see at a glance that a text cannot hold one."""

from __future__ import annotations

from functools import lru_cache

DETECTORS = ("aws-access-key", "github-pat", "private-key")
"""The detectors of credentials; the others find data of persons."""


def may_hold_credential(text: str | bytes) -> bool:
    """Whether one of the words occurs without which our detectors find no credential. Bytes are UTF-8."""
    words, encoded = _words()
    if isinstance(text, str):
        folded = text.lower()
        return any(word in folded for word in words)
    raw = text.lower()
    return any(word in raw for word in encoded)


@lru_cache(maxsize=1)
def _words() -> tuple[tuple[str, ...], tuple[bytes, ...]]:
    from clawforge.decide.dlp.registry import detector_named

    words = tuple(word for name in DETECTORS for word in detector_named(name).keywords)
    return words, tuple(word.encode() for word in words)
