"""Changes of tags as they are typed: `env=prod`, and `canary-` to take one away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pydantic import ValidationError

from clawforge.errors import InputError
from clawforge.wire_bulk import BulkTags

_HINT = "Write it as KEY=VALUE to give it, and as KEY- to take it away."


class TagChanges(NamedTuple):
    """What a request says beside the machines."""

    set: dict[str, str]
    remove: tuple[str, ...]
    reason: str | None


def tag_changes(texts: Sequence[str], reason: str | None = None) -> TagChanges:
    """The changes. Raises InputError for what is none, and for a tag that is named twice."""
    given: dict[str, str] = {}
    taken: list[str] = []
    for text in texts:
        key, equals, value = text.partition("=")
        if equals:
            names, ok = key, bool(key and value)
        else:
            names, ok = text.removesuffix("-"), text.endswith("-") and len(text) > 1
        if not ok:
            raise InputError(f"{text!r} is no change of a tag.", hint=_HINT, code="bad-tag")
        if names in given or names in taken:
            raise InputError(f"The tag {names!r} is named twice.", code="bad-tag")
        if equals:
            given[names] = value
        else:
            taken.append(names)
    found = TagChanges(given, tuple(taken), reason)
    try:
        BulkTags(instances=("any",), **found._asdict())
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise InputError(f"These tags cannot be given: {first['msg']}.", hint=_HINT, code="bad-tag") from error
    return found
