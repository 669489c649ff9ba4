"""A character that cannot be seen is told once: by the reader of the file, which knows its column, unless an error
about the value names it already.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from clawforge.lint.report import Reported
from clawforge.load.document import Document
from clawforge.load.project import Project

_READER = "yaml-invisible-character"
_RULE = "invisible-characters-in-text"
_VALUE = "invalid-value"

_Place = tuple[int, int]
_END: _Place = (sys.maxsize, 0)


def once(items: Iterable[Reported], project: Project) -> list[Reported]:
    """The items without those that say again what another one says."""
    found = list(items)
    raw: dict[str, list[_Place]] = {}
    for item in found:
        if item.rule == _READER:
            raw.setdefault(item.diagnostic.location.file, []).append(item.diagnostic.location[1:])
    if not raw:
        return found
    refused = {item.diagnostic.location[:2] for item in found if item.rule == _VALUE}
    starts: dict[str, list[_Place]] = {}
    for loaded in project.resources:
        starts.setdefault(loaded.document.file, []).append((loaded.document.line, loaded.document.col))

    def repeats(item: Reported) -> bool:
        place = item.diagnostic.location
        if item.rule == _READER:
            return place[:2] in refused
        if item.rule != _RULE or item.finding is None or place.file not in raw:
            return False
        loaded = project.by_address[item.finding.address]
        begin, end = _extent(loaded.document, loaded.written(item.finding.pointer), starts[place.file])
        return any(begin <= at < end for at in raw[place.file])

    return [item for item in found if not repeats(item)]


def _extent(document: Document, pointer: str, documents: Iterable[_Place]) -> tuple[_Place, _Place]:
    """From where a key or an item begins to where the next value begins, or the next document of the file."""
    begin = document.location(pointer)[1:]
    value = document.value_location(pointer)[1:]
    begins = [document.location(other)[1:] for other in document.positions]
    following = [at for at in (*begins, *documents) if at > max(begin, value)]
    return begin, min(following, default=_END)
