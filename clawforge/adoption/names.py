"""Names of resources made of names that people gave elsewhere."""

from __future__ import annotations

import re
import unicodedata

_LONGEST = 63


def slug(text: str) -> str:
    """The text in lower-case letters, digits and dashes, at most 63; empty if nothing of it is left."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:_LONGEST].strip("-")


class NewNames:
    """Names of one kind, each given once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def name(self, text: str, otherwise: str) -> str:
        """The slug of a text, or of `otherwise` if nothing is left of it; with a number if that is taken already."""
        wanted = slug(text) or otherwise
        found, number = wanted, self._numbers.get(wanted, 2)
        while found in self._taken:
            tail = f"-{number}"
            found, number = wanted[: _LONGEST - len(tail)].rstrip("-") + tail, number + 1
        # A hundred thousand of one name must not be counted from the beginning each time.
        self._numbers[wanted] = number
        self._taken.add(found)
        return found
