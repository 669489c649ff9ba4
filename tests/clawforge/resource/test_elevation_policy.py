"""ElevationPolicy: what it refuses to say."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from strategies import resource

from clawforge.reference import references_of

SHELL = {"name": "shell", "tools": ["exec"]}


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"grants": [], "neverElevate": []},
        {"grants": [{**SHELL, "tools": []}]},
        {"grants": [{**SHELL, "maxTtl": "0s"}]},
        {"grants": [{**SHELL, "maxTtl": "8h1s"}]},
        {"grants": [{**SHELL, "approvals": {"count": -1}}]},
        {"grants": [{**SHELL, "approvals": {"self": True}}]},
        {"grants": [{**SHELL, "confirmPhrase": " "}]},
        {"grants": [{**SHELL, "maxActive": 0}]},
        {"neverElevate": ["a*b"]},
    ],
)
def test_what_is_refused(spec: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        resource("ElevationPolicy", "glass", {"appliesTo": "everyone", **spec})


def test_defaults_are_careful() -> None:
    (grant,) = resource("ElevationPolicy", "glass", {"appliesTo": "everyone", "grants": [SHELL]}).spec.grants
    assert (grant.max_ttl, grant.approvals.count, grant.require_reason, grant.max_active) == (1800, 1, True, 1)


def test_approvers_must_exist() -> None:
    approvals = {"from": {"roles": ["owner"], "groups": ["sre"]}}
    spec = {"appliesTo": "everyone", "grants": [{**SHELL, "approvals": approvals}]}
    made = resource("ElevationPolicy", "glass", spec)
    assert [(found.kind, found.name, found.pointer) for found in references_of(made)] == [
        ("Role", "owner", "/spec/grants/0/approvals/from/roles/0"),
        ("Group", "sre", "/spec/grants/0/approvals/from/groups/0"),
    ]
