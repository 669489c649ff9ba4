"""What a change does to what anybody may do, as files ask about it."""

from __future__ import annotations

from enum import StrEnum


class ChangeEffect(StrEnum):
    """What a change does to what anybody may do. What could not be proved counts as both."""

    LOOSEN = "loosen"
    TIGHTEN = "tighten"
    ANY = "any"
