"""The verdict against enumeration within small pools of resources that bring out or hide what another one changes."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from itertools import product

import brute_force
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import WEEK, resource
from verdict_check import check

from clawforge.resource.meta import Resource

CASES = int(os.environ.get("CLAWFORGE_ORACLE_CASES", "40"))
ENG, OPS = {"groups": ["eng"]}, {"groups": ["ops"]}
Pool = Mapping[str, Sequence[Resource]]
"""By address, the ways in which a resource may be written."""


def pool_of(resources: Sequence[Resource]) -> Pool:
    found: dict[str, list[Resource]] = {}
    for item in resources:
        found.setdefault(item.address, []).append(item)
    return found


def policy(name: str, applies_to: object = "everyone", mode: str = "base", **said: object) -> Resource:
    return resource("Policy", name, {"appliesTo": applies_to, "mode": mode, **said})


BASE = policy("base")
DENIED = ({"deny": ["exec"]}, {"deny": ["read"]}, {"ask": ["write"]})
SELECTORS: tuple[dict[str, object], ...] = (
    ENG,
    {**ENG, "contexts": ["work"]},
    {**OPS, "except": ENG},
    {"contexts": ["work"], "except": ENG},
    {"roles": ["lead"], "except": {"users": ["alice"]}},
    {"tags": {"env": ["dev"]}, "except": {**ENG, "contexts": ["work"]}},
    {"users": ["alice@acme.example"], "except": {"roles": ["lead"]}},
)
PEOPLE = pool_of(
    [
        BASE,
        *(
            policy(f"guard-{number}", one, "guardrail", tools=DENIED[number % 3])
            for number, one in enumerate(SELECTORS)
        ),
        *(policy(f"start-{number}", one, tools={"deny": ["message"]}) for number, one in enumerate(SELECTORS)),
        *(resource("User", "alice", {"email": f"{name}@acme.example"}) for name in ("alice", "al")),
        resource("User", "alice", {"email": "alice@acme.example", "state": "suspended"}),
        *(
            resource("Group", name, {"members": members})
            for name in ("eng", "ops")
            for members in (
                {},
                {"users": ["alice"]},
                {"users": ["al@acme.example"]},
                {"claims": ["claim"]},
                {"tags": {"env": ["dev", "prod"]}},
                {"tags": {"env": ["dev"]}},
            )
        ),
        *(
            resource("RoleBinding", "leads", {"role": "lead", "subjects": subjects})
            for subjects in ({"users": ["alice"]}, {"groups": ["eng"]}, {"groups": ["ops"]})
        ),
    ]
)
MODES: tuple[dict[str, object], ...] = (
    {},
    *({"mode": mode, **lists} for mode in ("full", "ask", "allowlist") for lists in ({}, {"allow": ["git **"]})),
    {"mode": "allowlist", "allow": ["git **", "ls"]},
    {"allow": ["ls"]},
    {"mode": "deny"},
)
COMMANDS = pool_of(
    [
        policy(name, applies_to, mode, exec=said, tools=tools)
        for name, applies_to, mode in (
            ("base", "everyone", "base"),
            ("eng", ENG, "base"),
            ("ops", OPS, "base"),
            ("over", OPS, "overlay"),
            ("guard", {"contexts": ["work"]}, "guardrail"),
        )
        for said, tools in product(MODES, ({"ask": ["read"]}, {"ask": ["read", "exec"]}))
    ]
)
BOUNDS = pool_of(
    [
        *(
            policy(name, applies_to, mode, **said)
            for name, applies_to, mode in (
                ("base", "everyone", "base"),
                ("over", "everyone", "overlay"),
                ("guard", ENG, "guardrail"),
            )
            for said in (
                {},
                {"audit": {"level": "off", "content": "full"}},
                {"audit": {"level": "metadata"}},
                {"audit": {"content": "none"}},
                {"offline": {"lease": "1h"}, "tools": {"ask": ["my-plugin"]}},
                {"offline": {"lease": "1m"}, "mcp": {"deny": ["github"]}},
            )
        ),
        *(resource("Organization", "acme", said) for said in ({}, {"audit": {"level": "full"}})),
        *(
            resource("DlpRuleSet", name, {"appliesTo": applies_to, "rules": [{"id": "keys", **what, **does}]})
            for name, applies_to in (("all", "everyone"), ("eng", ENG))
            for what, does in product(
                ({"detector": "private-key"}, {"pattern": "abcd?"}),
                (
                    {"tools": ["my-*"], "action": "block"},
                    {"tools": ["mcp__github__*"], "action": "redact"},
                    {"tools": ["group:plugins"], "action": "ask"},
                    {"action": "warn"},
                ),
            )
        ),
    ]
)
SOME_CALLS: Mapping[str, tuple[tuple[str, dict[str, str]], ...]] = {
    "people": (*((tool, {}) for tool in ("read", "message", "write", "process")), ("exec", {"command": "ls"})),
    "commands": (*(("exec", {"command": text}) for text in ("git x", "ls", "other", "$X")), ("read", {})),
    "bounds": tuple(
        (tool, {"text": text})
        for tool in ("my-plugin", "mcp__github__x", "plugin", "read")
        for text in (
            "hello",
            "abcd",
            "-----BEGIN " + "PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n" * 3,
        )
    ),
}
POOLS = {"people": PEOPLE, "commands": COMMANDS, "bounds": BOUNDS}


@st.composite
def changes(draw: st.DrawFn, pool: Pool) -> tuple[list[Resource], list[Resource]]:
    """Some of them; one or two come, go, or say something else. The base is always there."""

    def state_of(address: str) -> Resource | None:
        present = address == BASE.address or draw(st.integers(0, 2)) == 0
        return draw(st.sampled_from(pool[address])) if present else None

    before = {address: state_of(address) for address in pool}
    changed = draw(st.lists(st.sampled_from(sorted(pool)), min_size=1, max_size=2))
    after = {**before, **{address: state_of(address) for address in changed}}
    first, second = ([item for item in side.values() if item is not None] for side in (before, after))
    return first, second


@pytest.mark.parametrize("name", sorted(POOLS))
def test_the_verdict_agrees_with_enumeration(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brute_force, "CALLS", SOME_CALLS[name])
    brute_force._levels.cache_clear()

    @given(changes(POOLS[name]))
    @settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
    def agrees(change: tuple[list[Resource], list[Resource]]) -> None:
        check(*change, (WEEK,))

    try:
        agrees()
    finally:
        brute_force._levels.cache_clear()
