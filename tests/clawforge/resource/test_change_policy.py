"""What a ChangePolicy may say, and what it names."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.load.resource import parse_resource
from clawforge.reference import Reference, references_of
from clawforge.resource.change_effect import ChangeEffect
from clawforge.resource.change_policy import ChangePolicy, DeletionLimit
from clawforge.resource.registry import canonical_resource


def parsed(**spec: Any) -> Any:
    body = {"apiVersion": "clawforge/v1", "kind": "ChangePolicy", "metadata": {"name": "p"}, "spec": spec}
    return parse_resource(body)


def test_what_is_left_out_is_the_usual() -> None:
    found = parsed(
        approvals=[{}], freeze=[{"schedule": {"windows": [{"until": "2026-12-24T00:00:00Z"}]}, "reason": "x"}]
    )
    assert isinstance(found, ChangePolicy)
    (rule,), (freeze,) = found.spec.approvals, found.spec.freeze
    assert (rule.count, rule.match.effect, rule.match.is_about_everything) == (1, ChangeEffect.ANY, True)
    assert (rule.from_.permission, rule.from_.roles, rule.from_.groups) == ("plans:approve", (), ())
    assert (freeze.overridable, found.spec.require_reason, found.spec.signed_commits) == (True, False, False)
    assert found.spec.limits.deletions is None
    assert parse_resource(canonical_resource(found)) == found


def test_sets_are_sorted_so_that_their_order_plans_nothing() -> None:
    one = parsed(
        approvals=[
            {"match": {"addresses": ["Policy/b", "*/a"], "paths": ["b/**", "a/**"], "labels": {"t": ["z", "a"]}}}
        ]
    )
    two = parsed(
        approvals=[
            {"match": {"addresses": ["*/a", "Policy/b"], "paths": ["a/**", "b/**"], "labels": {"t": ["a", "z"]}}}
        ]
    )
    assert isinstance(one, ChangePolicy)
    assert one == two


@pytest.mark.parametrize(
    "spec",
    [
        {"approvals": [{"count": 0}]},
        {"approvals": [{"count": 17}]},
        {"approvals": [{"match": {"effect": "worse"}}]},
        {"approvals": [{"match": {"addresses": ["guardrail-*"]}}]},
        {"approvals": [{"match": {"addresses": ["Policy/a*b"]}}]},
        {"approvals": [{"match": {"addresses": ["Policy/"]}}]},
        {"approvals": [{"match": {"paths": ["../x"]}}]},
        {"approvals": [{"match": {"paths": ["/etc/**"]}}]},
        {"approvals": [{"match": {"labels": {"t": []}}}]},
        {"approvals": [{"from": {"permission": "plans"}}]},
        {"approvals": [{"notAuthor": True}]},
        {"freeze": [{"schedule": {"windows": [{"until": "2026-12-24T00:00:00Z"}]}}]},
        {"freeze": [{"schedule": {"windows": [{"until": "2026-12-24T00:00:00Z"}]}, "reason": " "}]},
        {"limits": {"deletions": {}}},
        {"limits": {"deletions": {"share": "20"}}},
        {"limits": {"deletions": {"share": "101%"}}},
        {"limits": {"deletions": {"count": -1}}},
    ],
)
def test_what_cannot_be_meant_is_refused(spec: dict[str, Any]) -> None:
    assert isinstance(parsed(**spec), list), spec


def test_everything_that_it_names_must_exist() -> None:
    match = {"kinds": ["Policy"], "addresses": ["Invariant/x", "*/y"]}
    found = parsed(approvals=[{"match": match, "from": {"roles": ["approver"], "groups": ["security"]}}])
    assert list(references_of(found)) == [
        Reference("kind", "Policy", "/spec/approvals/0/match/kinds/0"),
        Reference("kind", "Invariant", "/spec/approvals/0/match/addresses/1"),
        Reference("Role", "approver", "/spec/approvals/0/from/roles/0"),
        Reference("Group", "security", "/spec/approvals/0/from/groups/0"),
    ]


@given(st.integers(0, 300), st.integers(0, 300), st.none() | st.integers(0, 300), st.none() | st.integers(0, 100))
def test_a_limit_is_exact(deleted: int, more: int, count: int | None, share: int | None) -> None:
    if count is None and share is None:
        return
    limit = DeletionLimit(count=count, share=None if share is None else f"{share}%")
    owned = deleted + more
    wanted = deleted > 0 and (
        (count is not None and deleted > count) or (share is not None and deleted / owned > share / 100 + 1e-12)
    )
    assert limit.exceeded_by(deleted, owned) is wanted
