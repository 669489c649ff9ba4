"""The state of an org as a value: every resource in canonical form, who owns it, and the digest over all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import orjson

from clawforge.canonical import canonical_bytes, digest, digest_of_bytes
from clawforge.errors import InputError
from clawforge.resource.meta import Resource
from clawforge.resource.registry import canonical_resource

UNOWNED = ""
"""Stands for the source of a resource that was left to itself."""


@dataclass(frozen=True, slots=True)
class StateEntry:
    """One resource at rest: the source that owns it (`UNOWNED` if none does), its canonical bytes, and their digest."""

    source: str
    body: bytes
    digest: str

    @classmethod
    def of(cls, resource: Resource, source: str) -> StateEntry:
        """The entry that a resource becomes when `source` applies it."""
        body = canonical_bytes(canonical_resource(resource))
        return cls(source, body, digest_of_bytes(body))

    def value(self) -> dict[str, Any]:
        """The canonical resource, decoded."""
        value: dict[str, Any] = orjson.loads(self.body)
        return value


@dataclass(frozen=True)
class State:
    """Every resource by address, at a revision; revision 0 is the empty state of an org that was never applied."""

    revision: int
    entries: Mapping[str, StateEntry]

    @cached_property
    def digest(self) -> str:
        """The state digest: over every address and resource digest, without owners and positions."""
        return state_digest((address, entry.digest) for address, entry in self.entries.items())

    def with_changes(self, upserts: Mapping[str, StateEntry], deletes: Iterable[str]) -> State:
        """The state one revision later."""
        gone = set(deletes)
        kept = {address: entry for address, entry in self.entries.items() if address not in gone}
        return State(self.revision + 1, {**kept, **upserts})


EMPTY_STATE = State(0, {})


def state_digest(digests: Iterable[tuple[str, str]]) -> str:
    """Digest over (address, resource digest) pairs; the order in which they come does not matter."""
    return digest({"resources": dict(digests)})


def change_digest(org: str, source: str, changes: Iterable[tuple[str, str | None, str | None]]) -> str:
    """Digest over (address, digest before, digest after); None is "not there". This is what an approval binds."""
    rows = sorted([address, before, after] for address, before, after in changes)
    return digest({"org": org, "source": source, "changes": rows})


def entries_of(resources: Iterable[Resource], source: str) -> dict[str, StateEntry]:
    """Entries by address, sorted. Raises InputError when two resources share an address."""
    entries: dict[str, StateEntry] = {}
    for resource in resources:
        if resource.address in entries:
            raise InputError(f"Two resources are called {resource.address}.", code="duplicate-resource")
        entries[resource.address] = StateEntry.of(resource, source)
    return dict(sorted(entries.items()))
