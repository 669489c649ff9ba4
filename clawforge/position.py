"""Where resources and their fields stand in the files: kept apart from what they say, and outside every digest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from clawforge.resource.meta import Strict

Line = Annotated[int, Field(ge=0, le=2**31 - 1)]
"""Bounded, because clients say where things stand and bundles repeat it: a number that canonical JSON cannot write
would keep a bundle from being signed."""


class ResourcePosition(Strict):
    """File and line of a resource, and lines of its fields by JSON pointer (`/spec/tools/deny/0` as in the canonical
    resource, so an index counts in the sorted list)."""

    file: Annotated[str, StringConstraints(max_length=4096)]
    line: Line
    fields: dict[str, Line] = {}

    def line_of(self, pointer: str) -> int:
        """Line of a field, or of the nearest field around it."""
        while pointer:
            line = self.fields.get(pointer)
            if line is not None:
                return line
            pointer = pointer.rpartition("/")[0]
        return self.line


Positions = Mapping[str, ResourcePosition]
"""By address."""
