"""Every text of a resource with its place: names of members, labels, messages, parameters of test cases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from clawforge.decide.dlp.scan_params import escaped
from clawforge.resource.meta import Resource

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue


class ResourceText(NamedTuple):
    """A string and the JSON pointer of the field that it stands in; of a member's name, the pointer of the member."""

    pointer: str
    text: str


def texts_of(resource: Resource) -> Iterator[ResourceText]:
    """The strings of the canonical resource, in its order. Meant for the few resources that a cheap look at
    `LintContext.written` has picked out.
    """
    return texts_in(resource.model_dump(mode="json", by_alias=True, exclude_none=True))


def texts_in(root: JsonValue) -> Iterator[ResourceText]:
    """The strings of a document, in its order."""
    waiting: list[tuple[str, JsonValue]] = [("", root)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, str):
            yield ResourceText(place, value)
        elif isinstance(value, dict):
            for name in value:
                yield ResourceText(f"{place}/{escaped(name)}", name)
            waiting.extend((f"{place}/{escaped(name)}", member) for name, member in reversed(value.items()))
        elif isinstance(value, list):
            waiting.extend((f"{place}/{index}", value[index]) for index in reversed(range(len(value))))
