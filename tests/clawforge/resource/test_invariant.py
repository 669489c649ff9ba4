"""An invariant forbids or requires, and says of whom and of which calls."""

from __future__ import annotations

from typing import Any

import pytest

from clawforge.load.resource import parse_resource
from clawforge.reference import Reference, references_of
from clawforge.resource.invariant import Bound, FileAccess, Invariant, InvariantEnforcement, OnViolation
from clawforge.resource.registry import canonical_resource


def parsed(**spec: Any) -> Any:
    body = {"appliesTo": "everyone", **spec}
    return parse_resource(
        {
            "apiVersion": "clawforge/v1",
            "kind": "Invariant",
            "metadata": {"name": "i"},
            "spec": {key: value for key, value in body.items() if value is not ...},
        }
    )


def test_what_is_left_out_is_the_usual() -> None:
    found = parsed(forbid={"tools": ["exec"]})
    assert isinstance(found, Invariant)
    spec = found.spec
    assert (spec.enforcement, spec.on_violation) == (InvariantEnforcement.ENFORCE, OnViolation.ALERT)
    assert spec.forbid is not None
    assert (spec.forbid.effect, spec.forbid.access, spec.forbid.commands) == (Bound.ALLOW, None, ())
    assert canonical_resource(found)["spec"] == {"appliesTo": "everyone", "forbid": {"tools": ["exec"]}}
    required = parsed(require={"tools": ["read", "group:fs"]})
    assert isinstance(required, Invariant)
    assert required.spec.require is not None
    assert required.spec.require.params is None


@pytest.mark.parametrize(
    "spec",
    [
        {"forbid": {"tools": ["*"]}},
        {"forbid": {"tools": ["mcp__*", "group:runtime"], "effect": "ask"}},
        {"forbid": {"tools": ["exec"], "commands": ["rm **"]}},
        {"forbid": {"tools": ["read"], "paths": ["~/.ssh/**"], "access": "read", "hosts": ["*.example.org"]}},
        {"require": {"tools": ["read"], "params": {"path": "README.md", "limit": None}, "effect": "ask"}},
        {"require": {"tools": ["read"], "params": {}}, "enforcement": "warn", "onViolation": "quarantine"},
        {"forbid": {"tools": ["exec"]}, "schedule": {"windows": [{"cron": "0 18 * * 1-5", "duration": "14h"}]}},
    ],
)
def test_what_may_be_said_is_kept_as_it_was_said(spec: dict[str, Any]) -> None:
    found = parsed(**spec)
    assert isinstance(found, Invariant), found
    assert parse_resource(canonical_resource(found)) == found


def test_access_is_read_or_write() -> None:
    found = parsed(forbid={"tools": ["*"], "paths": ["/etc/**"], "access": "write"})
    assert found.spec.forbid.access is FileAccess.WRITE


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({}, "/spec"),
        ({"forbid": {"tools": ["exec"]}, "require": {"tools": ["read"]}}, "/spec"),
        ({"appliesTo": ..., "forbid": {"tools": ["exec"]}}, "/spec/appliesTo"),
        ({"forbid": {}}, "/spec/forbid/tools"),
        ({"forbid": {"tools": []}}, "/spec/forbid/tools"),
        ({"forbid": {"tools": ["ex*ec"]}}, "/spec/forbid/tools/0"),
        ({"forbid": {"tools": ["exec"], "commands": ["rm '"]}}, "/spec/forbid/commands/0"),
        ({"forbid": {"tools": ["read"], "paths": ["etc"]}}, "/spec/forbid/paths/0"),
        ({"forbid": {"tools": ["read"], "access": "read"}}, "/spec/forbid/access"),
        ({"forbid": {"tools": ["read"], "access": "read", "paths": []}}, "/spec/forbid/access"),
        ({"forbid": {"tools": ["read"], "access": "delete", "paths": ["/etc/**"]}}, "/spec/forbid/access"),
        ({"forbid": {"tools": ["exec"], "effect": "deny"}}, "/spec/forbid/effect"),
        ({"forbid": {"tools": ["exec"], "params": {}}}, "/spec/forbid/params"),
        ({"require": {"tools": ["read*"]}}, "/spec/require/tools/0"),
        ({"require": {"tools": ["*"]}}, "/spec/require/tools/0"),
        ({"require": {"tools": ["read"], "params": {"limit": 0.5}}}, "/spec/require/params"),
        ({"require": {"tools": ["read"], "params": None}}, "/spec/require/params"),
        ({"forbid": {"tools": ["exec"]}, "enforcement": "observe"}, "/spec/enforcement"),
        ({"forbid": {"tools": ["exec"]}, "onViolation": "revoke"}, "/spec/onViolation"),
        ({"forbid": {"tools": ["exec"]}, "mode": "guardrail"}, "/spec/mode"),
    ],
)
def test_what_is_refused_is_refused_where_it_stands(spec: dict[str, Any], pointer: str) -> None:
    problems = parsed(**spec)
    assert isinstance(problems, list)
    assert pointer in [problem.pointer for problem in problems]
    assert all(problem.message for problem in problems)


def test_everything_that_it_names_is_a_reference() -> None:
    selector = {
        "users": ["ada"],
        "groups": ["eng"],
        "roles": ["owner"],
        "instances": ["i-1"],
        "contexts": ["work"],
        "agents": ["helper"],
        "except": {"groups": ["sre"]},
    }
    assert list(references_of(parsed(appliesTo=selector, forbid={"tools": ["exec"]}))) == [
        Reference("User", "ada", "/spec/appliesTo/users/0"),
        Reference("Group", "eng", "/spec/appliesTo/groups/0"),
        Reference("Role", "owner", "/spec/appliesTo/roles/0"),
        Reference("instance", "i-1", "/spec/appliesTo/instances/0"),
        Reference("context", "work", "/spec/appliesTo/contexts/0"),
        Reference("Group", "sre", "/spec/appliesTo/except/groups/0"),
    ]
