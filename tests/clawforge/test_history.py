"""How states differ, and what going back takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clawforge.canonical import canonical_bytes, digest_of_bytes
from clawforge.history import chained, changes_between, restored
from clawforge.plan import Action
from clawforge.planning import make_plan
from clawforge.position import ResourcePosition
from clawforge.proposal import Proposal
from clawforge.state import UNOWNED, State, StateEntry, state_digest

SOURCES = ("ours", "theirs", UNOWNED)


def entry(source: str, text: str) -> StateEntry:
    spec = {"members": {"users": [text]}}
    body = canonical_bytes({"apiVersion": "clawforge/v1", "kind": "Group", "metadata": {"name": "g"}, "spec": spec})
    return StateEntry(source, body, digest_of_bytes(body))


def states(sources: tuple[str, ...] = SOURCES) -> st.SearchStrategy[dict[str, StateEntry]]:
    entries = st.builds(entry, st.sampled_from(sources), st.sampled_from("xyz"))
    return st.dictionaries(st.sampled_from([f"Group/{name}" for name in "abcdef"]), entries)


def digest(entries: dict[str, StateEntry]) -> str:
    return state_digest((address, item.digest) for address, item in entries.items())


@given(states())
def test_a_state_does_not_differ_from_itself(state: dict[str, StateEntry]) -> None:
    assert changes_between(state, state) == ()


@given(states(), states())
def test_the_way_there_is_the_way_back_read_backwards(old: dict[str, StateEntry], new: dict[str, StateEntry]) -> None:
    there, back = changes_between(old, new), changes_between(new, old)
    turned = {Action.CREATE: Action.DELETE, Action.DELETE: Action.CREATE, Action.UPDATE: Action.UPDATE}
    assert [(item.address, item.action) for item in back] == [(item.address, turned[item.action]) for item in there]
    for one, other in zip(there, back, strict=True):
        assert [(f.path, f.before, f.after) for f in one.fields] == [(f.path, f.after, f.before) for f in other.fields]


@given(states(("ours",)), states(("ours",)))
def test_the_changes_are_those_of_a_plan(old: dict[str, StateEntry], new: dict[str, StateEntry]) -> None:
    places = {address: ResourcePosition(file="a.yaml", line=3) for address in new}
    plan = make_plan(Proposal("acme", "ours", new, places), State(1, old), {}).plan
    assert changes_between(old, new, places) == plan.changes


@given(states(("ours",)), states(("ours",)))
def test_where_one_source_owns_all_the_old_state_comes_back(
    then: dict[str, StateEntry], now: dict[str, StateEntry]
) -> None:
    back = restored("ours", then, now)
    planned = make_plan(Proposal("acme", "ours", back.entries, {}), State(5, now), {})
    assert planned.plan.state_digest == digest(then)
    assert digest(dict(State(5, now).with_changes(planned.upserts, planned.deletes).entries)) == digest(then)
    assert back.kept == {}


@given(states(), states())
def test_what_others_own_now_stays_as_it_is(then: dict[str, StateEntry], now: dict[str, StateEntry]) -> None:
    back = restored("ours", then, now)
    planned = make_plan(Proposal("acme", "ours", back.entries, {}), State(5, now), {})
    after = State(5, now).with_changes(planned.upserts, planned.deletes).entries
    theirs = {address: item for address, item in now.items() if item.source == "theirs"}
    assert {address: item for address, item in after.items() if item.source == "theirs"} == theirs
    assert all(now[address].source == owner == "theirs" for address, owner in back.kept.items())
    # Nothing that was there then is destroyed, whoever owned it.
    assert not {address for address in planned.deletes if address in then}


@given(states())
def test_going_back_to_the_present_changes_nothing(state: dict[str, StateEntry]) -> None:
    back = restored("ours", state, state)
    assert make_plan(Proposal("acme", "ours", back.entries, {}), State(5, state), {}).plan.is_empty


def test_what_was_renamed_is_one_change() -> None:
    old, new = {"Group/a": entry("ours", "x")}, {"Group/b": entry("ours", "y")}
    (change,) = changes_between(old, new, renamed={"Group/a": "Group/b"})
    assert (change.address, change.action, change.previous) == ("Group/b", Action.MOVE, "Group/a")
    assert [field.path for field in change.fields] == ["spec.members.users"]


def test_a_name_that_is_used_again_is_no_renaming() -> None:
    old = {"Group/a": entry("ours", "x")}
    new = {"Group/a": entry("ours", "y"), "Group/b": entry("ours", "x")}
    changes = changes_between(old, new, renamed={"Group/a": "Group/b"})
    assert [(change.address, change.action) for change in changes] == [
        ("Group/a", Action.UPDATE),
        ("Group/b", Action.CREATE),
    ]


def test_names_in_a_row() -> None:
    steps = [{"a": "b", "x": "y"}, {"b": "c"}, {"q": "a"}, {"c": "d"}]
    assert chained(steps) == {"a": "d", "x": "y", "q": "a"}
