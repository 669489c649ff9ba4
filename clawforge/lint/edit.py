"""What a rule's fix asks for: one change of one value, by the resource's address and a pointer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edit:
    """Writes `replacement` in place of the text at `pointer` (of the canonical resource, as in a Finding), or removes
    that item of a list when `replacement` is None.
    """

    address: str
    pointer: str
    replacement: str | None = None
