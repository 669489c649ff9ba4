"""Which revision set a field: only the revisions that touched its resource are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from clawforge.errors import NotFoundError
from clawforge.field_history import BackwardFields, FieldEdit, FieldHistory
from clawforge.field_paths import kind_fields, probable_field
from clawforge.resource.registry import BY_KIND
from clawforge.spelling import nearest
from clawforge.state import StateEntry
from clawforge.wire import Revision
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.marks import mark_for, mark_of
from clawforge_server.service.renames import renamed_in
from clawforge_server.state.org_state import OrgState

_MOST_VERSIONS = 500
"""Versions of the resource that one request looks at."""
_READ_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class FieldQuestion:
    """Which field, None for all of a resource. `every` asks for all changes, at most `limit` of them; `before` goes on
    where an answer stopped."""

    address: str
    field: str | None = None
    every: bool = False
    before: int | None = None
    limit: int = 100


class _Version(NamedTuple):
    """What a revision made of the resource; `previous` is the address that it had until then."""

    revision: Revision
    entry: StateEntry | None
    address: str
    previous: str | None = None


def field_history_for(plane: ControlPlane, who: Principal, org: str, asked: FieldQuestion) -> FieldHistory:
    """Who set the field, and each item of it if it is a list; without a field, every field of the resource. It goes on
    behind a renaming.

    Who applied a revision is for those who may read revisions. Raises NotFoundError for a resource or a field that
    never was.
    """
    state = plane.states.get(org)
    present = state.state.revision
    start = present if asked.before is None else min(asked.before - 1, present)
    versions = _versions(plane, org, asked.address, start + 1)
    newest = next(versions)
    if newest is None and asked.before is None:
        raise _unknown_resource(state, asked.address)
    walk = BackwardFields(_value(newest), asked.field, every=asked.every)
    edits: list[FieldEdit] = []
    rest: _Version | None = None
    looked = 0
    while newest is not None and rest is None:
        older, looked = next(versions), looked + 1
        edit = walk.undo(mark_for(who, mark_of(newest.revision)), _value(older))
        edits += [] if edit is None else [edit]
        if older is not None and (looked >= _MOST_VERSIONS or _is_enough(asked, walk, edits)):
            rest = older
        elif older is None and not walk.seen and not (asked.every and asked.before is not None):
            _refuse_unknown_field(state, asked)
        newest = older
    if not asked.every and _is_enough(asked, walk, edits):
        rest = None
    return FieldHistory(
        address=asked.address,
        field=asked.field,
        revision=start,
        fields=walk.fields,
        edits=tuple(edits),
        next=None if rest is None else rest.revision.number + 1,
        next_address=None if rest is None else rest.address,
    )


def _is_enough(asked: FieldQuestion, walk: BackwardFields, edits: Sequence[FieldEdit]) -> bool:
    if asked.every:
        return len(edits) >= asked.limit
    return walk.is_settled and bool(walk.fields or edits)


def _versions(plane: ControlPlane, org: str, address: str, below: int) -> Iterator[_Version | None]:
    """The versions below a revision, newest first, then None for the time before the first one. Some are read at once,
    and none is looked at while the database waits. A resource that was renamed had another address before."""
    while page := _page(plane, org, address, below):
        yield from page
        oldest = page[-1]
        below, address = oldest.revision.number, oldest.previous or oldest.address
    yield None


def _page(plane: ControlPlane, org: str, address: str, below: int) -> list[_Version]:
    """Some versions under one address, at most up to where it got that address."""
    found: list[_Version] = []
    with plane.store.transaction() as transaction:
        for number, entry in transaction.history.versions(org, address, below, _READ_AT_ONCE):
            revision = transaction.revisions.get(org, number)
            if revision is None:
                raise LookupError(f"revision {number} is missing")
            names = {new: old for old, new in renamed_in(transaction, org, revision).items()}
            found.append(_Version(revision, entry, address, names.get(address)))
            if address in names:
                break
    return found


def _value(version: _Version | None) -> dict[str, Any] | None:
    return None if version is None or version.entry is None else version.entry.value()


def _refuse_unknown_field(state: OrgState, asked: FieldQuestion) -> None:
    """Raise NotFoundError for a field that no version of the resource had."""
    address, field = asked.address, asked.field
    if field is None:
        return
    kind = BY_KIND.get(address.partition("/")[0])
    known = kind_fields(kind) if kind is not None else None
    listed = f"`clawforge blame {address}` lists what it sets."
    if known is not None and known.has(field):
        raise NotFoundError(f"{address} does not set {field}, and never did.", hint=listed, code="unset-field")
    present = state.state.entries.get(address)
    written = BackwardFields(present.value() if present is not None else None).seen
    guess = probable_field(field, [*written, *(known.paths if known is not None else ())])
    hint = f"Did you mean {guess}?" if guess else listed
    raise NotFoundError(f"{address} has no field {field}.", hint=hint, code="unknown-field")


def _unknown_resource(state: OrgState, address: str) -> NotFoundError:
    guess = nearest(address, state.resources)
    hint = f"Did you mean {guess}?" if guess else "Addresses are written Kind/name, such as Policy/engineering."
    return NotFoundError(f"There is no {address}, and there never was.", hint=hint, code="unknown-resource")
