"""What makes a finding the same finding in the next run, whatever else was written above it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from clawforge.canonical import digest
from clawforge.lint.report import Reported
from clawforge.load.pointer import steps, unescape
from clawforge.load.project import Project
from clawforge.resource.registry import canonical_resource

VERSION = "clawforgeFinding/v1"
"""The name under which SARIF carries them; it changes whenever fingerprints do."""

_PLACE = re.compile(r"\b(?:line|column) \d+")


def fingerprints(items: Iterable[Reported], project: Project) -> list[str]:
    """Of each item in turn: from the code, the resource's address, the pointer and what stands there. Where no resource
    could be read, from the file and the message without its line numbers. Equal ones are counted.
    """
    bodies: dict[str, dict[str, Any]] = {}
    seen: dict[str, int] = {}
    found = []
    for item in items:
        text = digest(_identity(item, project, bodies)).removeprefix("sha256:")
        seen[text] = seen.get(text, 0) + 1
        found.append(f"{text}:{seen[text]}")
    return found


def _identity(item: Reported, project: Project, bodies: dict[str, dict[str, Any]]) -> list[Any]:
    finding = item.finding
    loaded = project.by_address.get(finding.address) if finding else None
    if finding is None or loaded is None:
        return [item.diagnostic.code, item.diagnostic.location.file, _PLACE.sub("", item.diagnostic.message)]
    if loaded.address not in bodies:
        bodies[loaded.address] = canonical_resource(loaded.resource)
    pointer, value = _stable(bodies[loaded.address], finding.pointer)
    if value is None and finding.pointer.rpartition("/")[2].isdecimal():
        value = _written(loaded.document.value, loaded.written(finding.pointer))
    # A digest of a short secret could be guessed back.
    return [finding.code, finding.address, pointer, None if item.rule in _confidential() else value]


def _confidential() -> set[str]:
    from clawforge.lint.registry import RULES

    return {rule.id for rule in RULES if rule.confidential}


def _stable(body: Mapping[str, Any], pointer: str) -> tuple[str, Any]:
    """The pointer without the indexes that an inserted neighbour would change, and the value found there; None for what
    is not written.
    """
    value: Any = body
    kept: list[str] = []
    for token in pointer.split("/")[1:]:
        if isinstance(value, list | tuple) and token.isdecimal():
            # What a set repeats has an index past its end.
            value = value[int(token)] if int(token) < len(value) else None
            kept.append("-" if value is None else _name(value, token))
        else:
            value = value.get(unescape(token)) if isinstance(value, Mapping) else None
            kept.append(token)
    return "/".join(["", *kept]), value


def _written(document: Any, pointer: str) -> Any:
    path = steps(document, pointer)
    for step in path or ():
        document = document[step]
    return None if path is None else document


def _name(item: Any, index: str) -> str:
    """How to speak of an item of a list: a text is known by itself, a mapping by its id or name."""
    if isinstance(item, str):
        return "-"
    if isinstance(item, Mapping):
        name = item.get("id", item.get("name"))
        return index if name is None else f"{name}"
    return index
