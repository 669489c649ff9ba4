"""What of a proposal is planned, renamed, forgotten and taken: held against a brute-force reading."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.errors import InputError
from clawforge.plan import Action
from clawforge.plan_scope import PlanScope, names_address
from clawforge.planning import PREVENT_DESTROY, DestroyPreventedError, OwnedElsewhereError, PlannedChanges, make_plan
from clawforge.position import ResourcePosition
from clawforge.proposal import Proposal, own_entries
from clawforge.resource.registry import BY_KIND
from clawforge.state import UNOWNED, State, StateEntry

NAMES = ("a", "ab", "b", "c")
LABELS = ({}, {"team": "x"}, {"team": "y"}, {"team": "x", "env": "prod"})


def policy(name: str, source: str = "main", *, deny: int = 0, **metadata: Any) -> StateEntry:
    value = {
        "apiVersion": "clawforge/v1",
        "kind": "Policy",
        "metadata": {"name": name, **metadata},
        "spec": {"appliesTo": "everyone", "tools": {"deny": [f"tool_{deny}"]}},
    }
    return StateEntry.of(BY_KIND["Policy"].model_validate_json(orjson.dumps(value), strict=True), source)


@st.composite
def states(draw: st.DrawFn, source: str = "main") -> dict[str, StateEntry]:
    found = {}
    for name in draw(st.sets(st.sampled_from(NAMES))):
        labels = draw(st.sampled_from(LABELS))
        found[f"Policy/{name}"] = policy(name, source, deny=draw(st.integers(0, 1)), labels=labels)
    return found


PATTERNS = st.lists(
    st.sampled_from(("Policy/a", "Policy/a*", "Policy/c", "Policy/*", "Group/*", "*/a", "*/*")), max_size=2
)
SCOPES = st.builds(
    PlanScope,
    targets=PATTERNS.map(tuple),
    exclude=PATTERNS.map(tuple),
    labels=st.sampled_from(({}, {"team": "x"}, {"env": "prod"})),
)


def proposed(entries: dict[str, StateEntry], **more: Any) -> Proposal:
    places = {address: ResourcePosition(file="x.yaml", line=1) for address in entries}
    return Proposal("acme", "main", entries, places, **more)


def applied(base: State, planned: PlannedChanges) -> State:
    return base.with_changes(planned.upserts, planned.deletes)


def is_held(scope: PlanScope, address: str, *versions: StateEntry | None) -> bool:
    labels = [version.value()["metadata"].get("labels", {}) for version in versions if version is not None]
    return (
        (not scope.targets or any(matches(pattern, address) for pattern in scope.targets))
        and not any(matches(pattern, address) for pattern in scope.exclude)
        and (not scope.labels or any(all(one.get(key) == scope.labels[key] for key in scope.labels) for one in labels))
    )


def matches(pattern: str, address: str) -> bool:
    return fnmatchcase(address, pattern)


@given(states(), states(), states("other"), SCOPES)
def test_a_scope_changes_what_is_in_it_and_nothing_else(
    ours: dict[str, StateEntry], wanted: dict[str, StateEntry], theirs: dict[str, StateEntry], scope: PlanScope
) -> None:
    base = State(3, {**theirs, **ours})
    entries = own_entries({a: e for a, e in wanted.items() if a in ours or a not in theirs}, "main", base, ())
    whole = proposed(entries)
    narrowed, left_out = whole.within(scope, base, {})
    result = applied(base, make_plan(narrowed, base, {}))
    different = 0
    for address in {*base.entries, *entries}:
        before, after = base.entries.get(address), entries.get(address)
        is_ours = before is None or before.source == "main"
        if is_ours and is_held(scope, address, before, after):
            assert result.entries.get(address) == after
        else:
            assert result.entries.get(address) == before
            different += is_ours and (before and before.digest) != (after and after.digest)
    assert left_out == different
    # What was left out comes by planning everything afterwards, and that is all that comes.
    rest = make_plan(replace(whole, entries=dict(entries)), result, {})
    assert applied(result, rest).digest == applied(base, make_plan(whole, base, {})).digest


def test_patterns_of_addresses() -> None:
    assert names_address(("Policy/team-*",), "Policy/team-a")
    assert not names_address(("Policy/team-*",), "Policy/other")
    assert not names_address(("Policy/a",), "Policy/ab")
    for bad in ("policy/a", "Policy", "Policy/*a", "Policy/A", "Policy/a/b", "", "Policy/a\n"):
        with pytest.raises(ValueError, match="pattern"):
            PlanScope(targets=(bad,))


def test_a_rename_is_one_change_and_keeps_what_is_said() -> None:
    base = State(1, {"Policy/a": policy("a")})
    planned = make_plan(proposed({"Policy/b": policy("b", deny=1)}, moved={"Policy/a": "Policy/b"}), base, {})
    (change,) = planned.plan.changes
    assert (change.action, change.address, change.previous) == (Action.MOVE, "Policy/b", "Policy/a")
    assert [field.path for field in change.fields] == ["spec.tools.deny"]
    assert planned.plan.summary.model_dump() == {"add": 0, "change": 0, "destroy": 0, "move": 1, "forget": 0}
    after = applied(base, planned)
    assert list(after.entries) == ["Policy/b"]
    assert after.digest == planned.plan.state_digest
    # The statement may stay where it is: it says nothing any more.
    assert make_plan(proposed(dict(after.entries), moved={"Policy/a": "Policy/b"}), after, {}).plan.is_empty


@pytest.mark.parametrize(
    ("entries", "more", "message"),
    [
        ({"Policy/a": policy("a"), "Policy/b": policy("b")}, {"moved": {"Policy/a": "Policy/b"}}, "still declared"),
        ({}, {"moved": {"Policy/a": "Policy/b"}}, "Policy/b is not declared"),
        ({"Policy/a": policy("a")}, {"forgotten": frozenset({"Policy/a"})}, "still declared"),
    ],
)
def test_statements_that_contradict_the_files(
    entries: dict[str, StateEntry], more: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        make_plan(proposed(entries, **more), State(1, {"Policy/a": policy("a")}), {})


def test_what_is_forgotten_stays_and_may_be_taken_in_by_anybody() -> None:
    base = State(1, {"Policy/a": policy("a")})
    planned = make_plan(proposed({}, forgotten=frozenset({"Policy/a", "Policy/gone"})), base, {})
    (change,) = planned.plan.changes
    assert (change.action, planned.forgotten, planned.deletes) == (Action.FORGET, ("Policy/a",), ())
    after = applied(base, planned)
    assert after.digest == base.digest == planned.plan.state_digest
    assert after.entries["Policy/a"].source == UNOWNED
    assert make_plan(proposed({}, forgotten=frozenset({"Policy/a"})), after, {}).plan.is_empty
    entries = own_entries({"Policy/a": policy("a")}, "main", after, ())
    taken_in = make_plan(proposed(entries), after, {})
    assert [(change.action, change.owner) for change in taken_in.plan.changes] == [(Action.UPDATE, UNOWNED)]
    assert applied(after, taken_in).entries["Policy/a"].source == "main"


def test_taking_over_must_be_said() -> None:
    base = State(1, {"Policy/a": policy("a", "other"), "Policy/b": policy("b", "other")})
    wanted = {"Policy/a": policy("a"), "Policy/b": policy("b", deny=1)}
    with pytest.raises(OwnedElsewhereError, match="Policy/b belongs to the source 'other'"):
        make_plan(proposed(own_entries(wanted, "main", base, ())), base, {})
    taken = ("Policy/*",)
    planned = make_plan(proposed(own_entries(wanted, "main", base, taken), taken=taken), base, {})
    assert [(item.address, item.owner, bool(item.fields)) for item in planned.plan.changes] == [
        ("Policy/a", "other", False),
        ("Policy/b", "other", True),
    ]
    assert planned.taken == ("Policy/a", "Policy/b")
    assert {entry.source for entry in applied(base, planned).entries.values()} == {"main"}
    # Naming what another source owns in the same form takes nothing.
    assert own_entries({"Policy/a": policy("a")}, "main", base, ()) == {}


def test_what_must_not_be_destroyed_can_be_renamed_and_forgotten_only() -> None:
    base = State(1, {"Policy/a": policy("a", annotations={PREVENT_DESTROY: "true"})})
    with pytest.raises(DestroyPreventedError, match="Policy/a"):
        make_plan(proposed({}), base, {})
    renamed = {"Policy/b": policy("b", annotations={PREVENT_DESTROY: "true"})}
    assert make_plan(proposed(renamed, moved={"Policy/a": "Policy/b"}), base, {}).plan.summary.move == 1
    assert make_plan(proposed({}, forgotten=frozenset({"Policy/a"})), base, {}).plan.summary.forget == 1
    free = State(2, {"Policy/a": policy("a", annotations={PREVENT_DESTROY: "false"})})
    assert make_plan(proposed({}), free, {}).plan.summary.destroy == 1
