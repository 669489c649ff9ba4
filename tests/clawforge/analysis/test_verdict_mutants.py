"""The oracle can fail: with a merge rule, a search or a section that is wrong on purpose, it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from brute_force import WEEK
from strategies import resource
from verdict_check import check

from clawforge.analysis import companions as companions_module
from clawforge.analysis import comparison, policy_change, search, seeds, walk
from clawforge.analysis.sections import tools as tools_section
from clawforge.analysis.world import World
from clawforge.resolve import meet
from clawforge.resource.merge import MergeRule
from clawforge.resource.meta import Resource

EVERYBODY = resource("Policy", "everybody", {"appliesTo": "everyone", "tools": {"deny": ["exec"]}})
Change = tuple[list[Resource], list[Resource]]


def overlay(**spec: Any) -> Resource:
    return resource("Policy", "over", {"mode": "overlay", "appliesTo": "everyone", **spec})


def wrong_union(field: Any, voices: Any, lexicon: Any) -> Any:
    """Only what every list denies is denied: an overlay then allows more."""
    return meet._intersect(field, voices, lexicon)


def test_a_wrong_merge_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    change: Change = ([EVERYBODY], [EVERYBODY, overlay(tools={"deny": ["read"]})])
    check(*change)
    monkeypatch.setitem(meet._RULES, MergeRule.UNION, wrong_union)
    with pytest.raises(AssertionError):
        check(*change)


BASE_FOR_TEAM = resource("Policy", "team", {"appliesTo": {"groups": ["eng"]}, "exec": {"mode": "deny"}})
OPEN = resource("Policy", "open", {"appliesTo": "everyone", "priority": 50})
EXCEPTED = resource(
    "Policy",
    "excepted",
    {"mode": "guardrail", "appliesTo": {"groups": ["ops"], "except": {"contexts": ["work"]}}, "tools": {"deny": ["*"]}},
)
GUARDED_SKILLS = resource(
    "Policy", "guard", {"mode": "guardrail", "appliesTo": "everyone", "skills": {"requireApproval": True}}
)
APPROVED_SKILL = resource(
    "SkillApproval", "yes", {"appliesTo": {"groups": ["eng"]}, "key": "pdf-tools", "status": "approved"}
)
REJECTED_SKILL = resource("SkillApproval", "no", {"appliesTo": "everyone", "key": "pdf-tools", "status": "rejected"})
EXCEPTED_GROUP = resource(
    "Policy",
    "excepted-group",
    {"mode": "guardrail", "appliesTo": {"groups": ["ops"], "except": {"groups": ["eng"]}}, "tools": {"deny": ["*"]}},
)
ENGINEERS = resource("Group", "eng", {"members": {"users": ["alice"]}})
LISTED = {"mode": "ask", "allow": ["ls"]}
TIED = (
    OPEN,
    resource("Policy", "left", {"appliesTo": {"groups": ["l"]}, "exec": {"mode": "full", "allow": ["git"]}}),
    resource("Policy", "right", {"appliesTo": {"groups": ["r"]}, "exec": LISTED}),
)
PLUGIN_RULE = {"id": "keys", "detector": "private-key", "tools": ["mcp__github__*"], "action": "block"}
LAX = resource("Policy", "base", {"appliesTo": "everyone", "audit": {"content": "full"}})
CORE_TOOLS = tuple(kind for kind in tools_section._of_host() if kind.tool.core)
CASES: dict[str, tuple[Change, Callable[[pytest.MonkeyPatch], None]]] = {
    "bases are not tried": (
        (
            [resource("Policy", "closed", {"appliesTo": "everyone", "tools": {"allow": []}}), BASE_FOR_TEAM],
            [
                resource("Policy", "closed", {"appliesTo": "everyone", "tools": {"allow": []}}),
                BASE_FOR_TEAM,
                overlay(tools={"deny": ["read"]}),
            ],
        ),
        lambda patch: patch.setattr(search, "base_wants", lambda world: []),
    ),
    "nobody escapes": (
        (
            [OPEN, EXCEPTED],
            [OPEN, EXCEPTED, overlay(appliesTo={"groups": ["ops"]}, tools={"deny": ["read"]})],
        ),
        lambda patch: patch.setattr(walk.Walk, "_escapes", lambda self, one: iter(())),
    ),
    "commands have no companions": (
        (
            [
                resource("Policy", "base", {"appliesTo": "everyone", "exec": {"mode": "full", "allow": ["git **"]}}),
                resource(
                    "Policy",
                    "mode",
                    {"mode": "overlay", "appliesTo": {"groups": ["eng"]}, "exec": {"mode": "allowlist"}},
                ),
            ],
            [
                resource("Policy", "base", {"appliesTo": "everyone", "exec": {"mode": "full", "allow": ["ls **"]}}),
                resource(
                    "Policy",
                    "mode",
                    {"mode": "overlay", "appliesTo": {"groups": ["eng"]}, "exec": {"mode": "allowlist"}},
                ),
            ],
        ),
        lambda patch: patch.setattr(search, "companions", lambda world, address: iter(())),
    ),
    "skills have no companions": (
        (
            [OPEN, GUARDED_SKILLS, APPROVED_SKILL, REJECTED_SKILL],
            [OPEN, GUARDED_SKILLS, APPROVED_SKILL],
        ),
        lambda patch: patch.setattr(search, "companions", lambda world, address: iter(())),
    ),
    "nobody who is excepted is looked at": (
        (
            [OPEN, EXCEPTED_GROUP, resource("User", "alice", {"email": "alice@acme.example"}), ENGINEERS],
            [OPEN, EXCEPTED_GROUP, resource("User", "alice", {"email": "alice@acme.example"})],
        ),
        lambda patch: patch.setattr(seeds, "_related", lambda world, seed: iter(())),
    ),
    "bases that tie are not tried together": (
        (
            [*TIED, resource("Policy", "first", {"appliesTo": {"groups": ["x"]}, "exec": LISTED, "priority": 200})],
            [*TIED],
        ),
        lambda patch: patch.setattr(search, "ties", lambda world, address: iter(())),
    ),
    "tools of rules on data are forgotten": (
        (
            [OPEN, resource("DlpRuleSet", "keys", {"appliesTo": "everyone", "rules": [PLUGIN_RULE]})],
            [OPEN],
        ),
        lambda patch: patch.setattr(comparison, "named_tools", lambda *sides: ()),
    ),
    "settings are compared with the defaults": (
        (
            [
                LAX,
                resource("Policy", "over", {"mode": "overlay", "appliesTo": "everyone", "audit": {"content": "none"}}),
            ],
            [LAX, resource("Policy", "over", {"mode": "overlay", "appliesTo": "everyone"})],
        ),
        lambda patch: patch.setattr(policy_change, "_SETTINGS", ("nothing.",)),
    ),
    "tools that nobody names are forgotten": (
        (
            [resource("Policy", "base", {"appliesTo": "everyone", "tools": {"deny": ["group:plugins"]}})],
            [resource("Policy", "base", {"appliesTo": "everyone"})],
        ),
        lambda patch: patch.setattr(tools_section, "_of_host", lambda: CORE_TOOLS),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_wrong_search(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    change, break_it = CASES[name]
    check(*change)
    tools_section._tool_rules.cache_clear()
    break_it(monkeypatch)
    with pytest.raises(AssertionError):
        check(*change)
    tools_section._tool_rules.cache_clear()


def test_the_companions_of_commands_are_the_policies_that_set_a_mode() -> None:
    before, after = CASES["commands have no companions"][0]
    found = list(companions_module.companions(World(before, after, WEEK), "Policy/base"))
    assert {name for want in found for name in want.conditions.groups or ()} == {"eng"}
