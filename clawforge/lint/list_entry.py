"""The edits that fixes make in lists."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.edit import Edit
from clawforge.load.pointer import steps
from clawforge.resource.registry import canonical_resource


def rename_entry(context: LintContext, finding: Finding, name: str) -> Iterator[Edit]:
    """Write `name` for the entry that the finding points at, or take the entry out if the list already has `name`."""
    listed = name in neighbours(context, finding)
    yield Edit(finding.address, finding.pointer, None if listed else name)


def entry_at(context: LintContext, finding: Finding) -> str | None:
    """The text that the finding points at; None if there is no text there."""
    found = _found(context, finding.address, finding.pointer)
    return found if isinstance(found, str) else None


def neighbours(context: LintContext, finding: Finding) -> list[Any]:
    """The list in which the finding points at an entry."""
    found = _found(context, finding.address, finding.pointer.rpartition("/")[0])
    return found if isinstance(found, list) else []


def _found(context: LintContext, address: str, pointer: str) -> Any:
    resource = context.by_address.get(address)
    if resource is None:
        return None
    value: Any = canonical_resource(resource)
    path = steps(value, pointer)
    for step in path or ():
        value = value[step]
    return None if path is None else value
