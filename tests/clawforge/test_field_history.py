"""Who set a field: the walk back against what somebody who wrote it all down would remember."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.diff import field_changes
from clawforge.field_history import BackwardFields, FieldHistory, joined
from clawforge.field_paths import is_within
from clawforge.mark import Mark
from clawforge.plan import Action

NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)


def document(spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "clawforge/v1", "kind": "Policy", "metadata": {"name": "p"}, "spec": spec}


TEXTS = st.lists(st.sampled_from(["exec", "read", "web"]), unique=True).map(sorted)
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "tools": st.fixed_dictionaries({}, optional={"deny": TEXTS, "allow": TEXTS}),
        "mode": st.sampled_from(["base", "overlay"]),
        "rules": st.lists(
            st.fixed_dictionaries({"id": st.sampled_from("ab"), "action": st.sampled_from(["block", "log"])}),
            max_size=2,
            unique_by=lambda rule: rule["id"],
        ),
    },
)
VERSIONS = st.lists(st.none() | SPECS.map(document), min_size=1, max_size=7)


def mark(number: int) -> Mark:
    return Mark(revision=number, at=NOW)


def walk(versions: list[Any], field: str | None = None, *, every: bool = False) -> tuple[BackwardFields, list[Any]]:
    """`versions[0]` is that of revision 1."""
    back = BackwardFields(versions[-1], field, every=every)
    edits = []
    for number in range(len(versions), 0, -1):
        edit = back.undo(mark(number), versions[number - 2] if number > 1 else None)
        edits += [] if edit is None else [edit]
    return back, edits


def remembered(versions: list[Any]) -> tuple[dict[str, int], dict[tuple[str, str], int]]:
    """Since which revision each leaf is as it is, and each item there, told forwards."""
    leaves: dict[str, Any] = {}
    since: dict[str, int] = {}
    items: dict[tuple[str, str], int] = {}
    for number, version in enumerate(versions, start=1):
        now = {} if version is None else {change.path: change.after for change in field_changes(None, version)}
        since = {path: since[path] if path in leaves and leaves[path] == now[path] else number for path in now}
        present = [(path, str(item)) for path, value in now.items() if isinstance(value, list) for item in value]
        items = {key: items.get(key, number) for key in present}
        leaves = now
    return since, items


@given(VERSIONS)
def test_it_is_what_somebody_who_wrote_it_down_would_say(versions: list[Any]) -> None:
    back, _ = walk(versions)
    since, items = remembered(versions)
    assert back.is_settled
    assert {field.path: field.mark and field.mark.revision for field in back.fields} == since
    found = {
        (field.path, str(item.value)): item.mark and item.mark.revision for field in back.fields for item in field.items
    }
    assert found == items


@given(VERSIONS, st.sampled_from(["spec.tools", "spec.tools.deny", "spec.rules", "spec.rules[a]", "spec.mode"]))
def test_one_field_is_a_part_of_all(versions: list[Any], field: str) -> None:
    whole, part = walk(versions)[0], walk(versions, field)[0]
    assert part.fields == tuple(item for item in whole.fields if is_within(item.path, field))


@given(VERSIONS)
def test_every_edit_of_the_resource_is_told(versions: list[Any]) -> None:
    _, edits = walk(versions, every=True)
    before: Any = None
    expected = []
    for number, version in enumerate(versions, start=1):
        if version != before:
            action = Action.CREATE if before is None else Action.DELETE if version is None else Action.UPDATE
            expected.append((number, action, field_changes(before, version)))
        before = version
    assert [(edit.mark.revision, edit.action, edit.fields) for edit in reversed(edits)] == expected


@given(VERSIONS, st.data())
def test_an_answer_in_two_parts_is_the_answer(versions: list[Any], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(versions)))
    back = BackwardFields(versions[-1])
    for number in range(len(versions), cut, -1):
        back.undo(mark(number), versions[number - 2])
    first = FieldHistory(address="Policy/p", revision=len(versions), fields=back.fields, next=cut + 1)
    rest, _ = walk(versions[:cut])
    second = FieldHistory(address="Policy/p", revision=cut, fields=rest.fields)
    assert joined(first, second).fields == walk(versions)[0].fields
    assert joined(first, second).next is None


def test_what_was_taken_away_is_known_by_its_last_edit() -> None:
    versions = [document({"mode": "overlay"}), document({}), document({"tools": {"deny": ["read"]}})]
    back, edits = walk(versions, "spec.mode")
    assert back.fields == ()
    (removal, creation) = edits
    assert (removal.mark.revision, removal.action, removal.fields[0].before) == (2, Action.UPDATE, "overlay")
    assert creation.mark.revision == 1


def test_an_order_that_changed_is_an_edit_and_no_new_field() -> None:
    rules = [{"id": "a", "action": "log"}, {"id": "b", "action": "log"}]
    versions = [document({"rules": rules}), document({"rules": rules[::-1]})]
    back, edits = walk(versions, "spec.rules", every=True)
    assert {field.mark and field.mark.revision for field in back.fields} == {1}
    assert [change.path for change in edits[0].fields] == ["spec.rules (order)"]


@pytest.mark.parametrize(
    ("path", "field", "expected"),
    [
        ("spec.tools.deny", "spec.tools", True),
        ("spec.toolsets", "spec.tools", False),
        ("spec.rules[a].action", "spec.rules", True),
        ("spec.rules (order)", "spec.rules", True),
        ("spec", "spec.tools", False),
    ],
)
def test_what_lies_in_a_field(path: str, field: str, expected: bool) -> None:
    assert is_within(path, field) is expected
