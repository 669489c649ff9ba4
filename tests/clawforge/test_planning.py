"""A plan is exactly the difference between what a source wants and what it owns."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.plan import Action, Plan, plan_json
from clawforge.planning import OwnedElsewhereError, PlannedChanges, Proposal, make_plan
from clawforge.position import ResourcePosition
from clawforge.resource.registry import BY_KIND, canonical_resource
from clawforge.state import EMPTY_STATE, State, StateEntry, entries_of


def policy(name: str, **spec: Any) -> StateEntry:
    value = {
        "apiVersion": "clawforge/v1",
        "kind": "Policy",
        "metadata": {"name": name},
        "spec": {"appliesTo": "everyone", **spec},
    }
    resource = BY_KIND["Policy"].model_validate_json(orjson.dumps(value), strict=True)
    return StateEntry.of(resource, "main")


def proposal(entries: dict[str, StateEntry], source: str = "main", line: int = 1) -> Proposal:
    positions = {address: ResourcePosition(file="policies.yaml", line=line) for address in entries}
    return Proposal("acme", source, entries, positions)


def plan(entries: dict[str, StateEntry], base: State, source: str = "main") -> PlannedChanges:
    return make_plan(proposal(entries, source), base, {})


ONE = {"Policy/a": policy("a", tools={"deny": ["exec"]}), "Policy/b": policy("b")}


def test_the_first_plan_creates_everything() -> None:
    made = plan(ONE, EMPTY_STATE).plan
    assert [(change.address, change.action) for change in made.changes] == [
        ("Policy/a", Action.CREATE),
        ("Policy/b", Action.CREATE),
    ]
    assert (made.summary.add, made.summary.change, made.summary.destroy) == (2, 0, 0)
    assert made.meaning.verdict == "unknown"


def test_one_field_is_one_change_of_that_field() -> None:
    base = State(1, ONE)
    made = plan(ONE | {"Policy/a": policy("a", tools={"deny": ["exec", "read"]})}, base).plan
    (change,) = made.changes
    assert [field.path for field in change.fields] == ["spec.tools.deny"]
    assert (made.summary.add, made.summary.change, made.summary.destroy) == (0, 1, 0)


def test_writing_a_default_or_another_order_of_a_set_plans_nothing() -> None:
    written = {"Policy/a": policy("a", tools={"deny": ["exec", "read"]}), "Policy/b": policy("b")}
    rewritten = {
        "Policy/b": policy("b", mode="base", priority=100, enforcement="enforce"),
        "Policy/a": policy("a", tools={"deny": ["read", "exec", "read"]}),
    }
    made = plan(rewritten, State(1, written)).plan
    assert made.is_empty
    assert made.meaning.verdict == "equal"


def test_what_another_source_owns_is_neither_deleted_nor_taken() -> None:
    base = State(3, ONE)
    assert plan({}, base, source="other").plan.is_empty
    with pytest.raises(OwnedElsewhereError, match="main"):
        plan({"Policy/a": StateEntry("other", b"{}", "sha256:0")}, base, source="other")


def test_moved_lines_change_positions_and_nothing_else() -> None:
    base = State(1, ONE)
    before = dict(proposal(ONE, line=1).positions)
    still = make_plan(proposal(ONE, line=1), base, before).plan
    moved = make_plan(proposal(ONE, line=9), base, before).plan
    assert (still.positions_changed, moved.positions_changed) == (False, True)
    assert moved.is_empty
    assert still.digest == moved.digest


def test_the_document_reads_back_equal() -> None:
    made = plan(ONE, EMPTY_STATE).plan
    assert Plan.model_validate_json(orjson.dumps(plan_json(made))) == made


NAMES = st.sampled_from(["a", "b", "c", "d", "e"])
SPECS = st.fixed_dictionaries(
    {},
    optional={
        "tools": st.fixed_dictionaries({"deny": st.lists(st.sampled_from(["exec", "read", "web_*"]), max_size=3)}),
        "mode": st.sampled_from(["base", "overlay", "guardrail"]),
        "priority": st.integers(0, 3),
    },
)
STATES = st.dictionaries(NAMES, SPECS, max_size=5).map(
    lambda specs: {f"Policy/{name}": policy(name, **spec) for name, spec in specs.items()}
)


@given(STATES, STATES)
def test_applying_a_plan_leaves_nothing_to_plan(before: dict[str, StateEntry], after: dict[str, StateEntry]) -> None:
    base = State(1, before)
    made = plan(after, base)
    result = base.with_changes(made.upserts, made.deletes)
    assert plan(after, result).plan.is_empty
    assert result.digest == made.plan.state_digest
    assert {address: entry.digest for address, entry in result.entries.items()} == {
        address: entry.digest for address, entry in after.items()
    }


@given(STATES, STATES)
def test_the_change_digest_binds_the_change_alone(before: dict[str, StateEntry], after: dict[str, StateEntry]) -> None:
    there = plan(after, State(1, before)).plan
    shuffled = plan(dict(reversed(after.items())), State(8, dict(reversed(before.items())))).plan
    assert there.digest == shuffled.digest
    assert there.changes == shuffled.changes
    if before != after:
        assert there.digest != plan(before, State(1, after)).plan.digest


@given(STATES)
def test_summary_counts_the_changes(after: dict[str, StateEntry]) -> None:
    made = plan(after, State(1, ONE)).plan
    actions = [change.action for change in made.changes]
    assert made.summary.add == actions.count(Action.CREATE)
    assert made.summary.change == actions.count(Action.UPDATE)
    assert made.summary.destroy == actions.count(Action.DELETE)


def test_two_resources_of_one_address_are_refused() -> None:
    resource = BY_KIND["Policy"].model_validate_json(ONE["Policy/b"].body, strict=True)
    with pytest.raises(Exception, match="Policy/b"):
        entries_of([resource, resource], "main")
    assert canonical_resource(resource) == ONE["Policy/b"].value()
