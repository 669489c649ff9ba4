"""Where resources and their fields stand in the files: kept apart from what they say, and outside every digest."""

from __future__ import annotations

from collections.abc import Mapping

from clawforge.resource.meta import Strict


class ResourcePosition(Strict):
    """File and line of a resource, and lines of its fields by JSON pointer (`/spec/tools/deny/0` as in the canonical
    resource, so an index counts in the sorted list)."""

    file: str
    line: int
    fields: dict[str, int] = {}

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
