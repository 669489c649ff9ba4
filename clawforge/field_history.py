"""Which revision set each field of a resource: a walk back over its versions, one change after the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clawforge.canonical import canonical_bytes
from clawforge.diff import field_changes
from clawforge.field_paths import is_within
from clawforge.mark import Mark
from clawforge.plan import Action, FieldChange
from clawforge.resource.meta import Strict

Value = Mapping[str, Any]
"""A canonical resource."""


class ItemBlame(Strict):
    """One item of a list, and the version that put it there; null where the walk has not come that far."""

    value: Any
    mark: Mark | None = None


class FieldBlame(Strict):
    """A field as it is, and the version that changed it last; `items` are those of a list, in its order."""

    path: str
    value: Any
    mark: Mark | None = None
    items: tuple[ItemBlame, ...] = ()


class FieldEdit(Strict):
    """What one version did to the field, or to the resource if no field was asked for."""

    mark: Mark
    action: Action
    fields: tuple[FieldChange, ...]


class FieldHistory(Strict):
    """Who set the fields of a resource. `field` is the one that was asked about, null for all of them.

    `fields` are those that are set at `revision`. `edits`, newest first, are every change that was asked for; where
    nothing is set any more, the one that took it away. `next` is the revision to go on before, null at the end, and
    `next_address` what the resource was called there.
    """

    address: str
    field: str | None = None
    revision: int
    fields: tuple[FieldBlame, ...] = ()
    edits: tuple[FieldEdit, ...] = ()
    next: int | None = None
    next_address: str | None = None

    @property
    def is_settled(self) -> bool:
        """Whether everything that is set has its version, or what was taken away is known."""
        if not self.fields:
            return bool(self.edits)
        return all(
            field.mark is not None and all(item.mark is not None for item in field.items) for field in self.fields
        )


class BackwardFields:
    """The fields at the newest version, and who set them, on the way back from it."""

    def __init__(self, newest: Value | None, field: str | None = None, *, every: bool = False) -> None:
        """`newest` is None for a resource that is gone. `every` asks for the edits even if something is set."""
        self._field = field
        self._version = newest
        self._leaves = self._in(newest)
        self._blames = {
            path: FieldBlame(path=path, value=value, items=tuple(ItemBlame(value=item) for item in _items(value)))
            for path, value in self._leaves.items()
        }
        self._waiting = set(self._blames)
        self._edits = every or not self._blames
        self.seen = set(self._leaves)

    @property
    def fields(self) -> tuple[FieldBlame, ...]:
        """By path, as far as they are known."""
        return tuple(self._blames[path] for path in sorted(self._blames))

    @property
    def is_settled(self) -> bool:
        """Whether nothing that is set waits for its version any more."""
        return not self._waiting

    def undo(self, mark: Mark, before: Value | None) -> FieldEdit | None:
        """Go back over one version, newest first; what it did to the field, if it did something."""
        after, leaves = self._version, self._leaves
        self._version, self._leaves = before, self._in(before)
        self.seen |= set(self._leaves)
        # Fields are compared as lists, for an order that changed is a change too.
        if before == after if self._field is None else list(self._leaves.items()) == list(leaves.items()):
            return None
        for path in sorted(self._waiting):
            self._blame(path, mark, leaves)
        return self._edit(mark, before, after) if self._edits else None

    def _edit(self, mark: Mark, before: Value | None, after: Value | None) -> FieldEdit:
        changes = field_changes(before, after)
        touched = tuple(change for change in changes if self._field is None or is_within(change.path, self._field))
        return FieldEdit(mark=mark, action=_action(before, after), fields=touched)

    def _blame(self, path: str, mark: Mark, leaves: Mapping[str, Any]) -> None:
        blame = self._blames[path]
        there = path in self._leaves
        earlier = self._leaves.get(path)
        if blame.mark is None and (not there or earlier != leaves.get(path)):
            blame = blame.model_copy(update={"mark": mark})
        kept = {_key(item) for item in _items(earlier)} if there else set()
        items = tuple(
            item.model_copy(update={"mark": mark}) if item.mark is None and _key(item.value) not in kept else item
            for item in blame.items
        )
        self._blames[path] = blame = blame.model_copy(update={"items": items})
        if blame.mark is not None and all(item.mark is not None for item in items):
            self._waiting.discard(path)

    def _in(self, version: Value | None) -> dict[str, Any]:
        if version is None:
            return {}
        return {
            change.path: change.after
            for change in field_changes(None, version)
            if self._field is None or is_within(change.path, self._field)
        }


def _action(before: Value | None, after: Value | None) -> Action:
    if before is None or after is None:
        return Action.CREATE if before is None else Action.DELETE
    return Action.UPDATE if before["metadata"]["name"] == after["metadata"]["name"] else Action.MOVE


def joined(newer: FieldHistory, older: FieldHistory) -> FieldHistory:
    """One answer of two: the second one went on where the first one stopped."""
    rest = {field.path: field for field in older.fields}
    return newer.model_copy(
        update={
            "fields": tuple(_filled(field, rest.get(field.path)) for field in newer.fields),
            "edits": (*newer.edits, *older.edits),
            "next": older.next,
            "next_address": older.next_address,
        }
    )


def _filled(field: FieldBlame, older: FieldBlame | None) -> FieldBlame:
    if older is None:
        return field
    marks = {_key(item.value): item.mark for item in older.items}
    items = tuple(
        item if item.mark is not None else item.model_copy(update={"mark": marks.get(_key(item.value))})
        for item in field.items
    )
    return field.model_copy(update={"mark": field.mark or older.mark, "items": items})


def _items(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


def _key(value: Any) -> bytes:
    return canonical_bytes(value)
