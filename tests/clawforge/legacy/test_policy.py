"""What an old plugin lets through, a plugin of ours would allow as well: whatever the call is about."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.decide.catalogue import Catalogue, catalogue
from clawforge.decide.decider import Decider
from clawforge.decide.request import InstanceFacts, KillOrder, Request, Runtime
from clawforge.effective import (
    Effective,
    EffectiveExec,
    EffectiveMcp,
    EffectiveNetwork,
    EffectivePaths,
    EffectiveSkillRules,
    EffectiveSkills,
    EffectiveTools,
    EffectiveVersions,
    EffectiveVersionTarget,
    Rules,
    SkillIdentity,
)
from clawforge.legacy.answer import EffectivePolicy
from clawforge.legacy.policy import Plugin, effective_policy, next_deadline
from clawforge.legacy.toolset import ToolSet, dashed, tool_set
from clawforge.resource.policy import AuditLevel, ExecMode, PrivateAddresses
from clawforge.resource.policy_test import Effect
from clawforge.resource.version_target import ComponentTarget, VersionEnforcement

AT = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
OPENCLAW = catalogue()
PLUGIN = Plugin(instance="laptop", groups=frozenset({"eng"}))
ALIASES = {"bash": "exec", "apply-patch": "apply_patch"}
"""What the old plugin itself makes of a name."""

NAMES = ["exec", "read", "write", "web_fetch", "message", "process", "mcp__jira__search", "stranger", "automations"]
PATTERNS = [*NAMES, "mcp__jira__*", "web*", "group:plugins", "s*", "*"]
RULES = st.builds(
    Rules,
    tools=st.builds(
        EffectiveTools,
        allow=st.none() | st.lists(st.sampled_from(PATTERNS), max_size=5).map(tuple),
        ask=st.lists(st.sampled_from(PATTERNS), max_size=2).map(tuple),
        deny=st.lists(st.sampled_from(PATTERNS), max_size=2).map(tuple),
    ),
    exec=st.builds(
        EffectiveExec,
        mode=st.sampled_from(ExecMode) | st.just(ExecMode.FULL),
        deny=st.sampled_from([(), (), ("rm **",)]),
    ),
    paths=st.builds(
        EffectivePaths,
        deny=st.sampled_from([(), (), ("~/.ssh/**",)]),
        read_only=st.sampled_from([(), (), ("/etc/**",)]),
        workspace_only=st.sampled_from([False, False, True]),
    ),
    network=st.builds(
        EffectiveNetwork,
        allow=st.sampled_from([None, None, ("example.com",)]),
        deny=st.sampled_from([(), (), ("evil.example",)]),
        private_addresses=st.sampled_from([PrivateAddresses.ALLOW, PrivateAddresses.ALLOW, PrivateAddresses.DENY]),
    ),
    mcp=st.builds(EffectiveMcp, deny=st.sampled_from([(), (), ("jira",)])),
)
CALLS = [
    ("exec", {"command": "rm -rf /"}),
    ("bash", {"command": "cat ~/.ssh/id_ed25519"}),
    ("read", {"path": "/home/ann/.ssh/id_ed25519"}),
    ("write", {"path": "/etc/passwd", "content": "x"}),
    ("web_fetch", {"url": "http://evil.example/"}),
    ("web_fetch", {"url": "http://10.0.0.1/"}),
    ("message", {"text": "hello", "media": "/etc/shadow"}),
    ("process", {"action": "write", "data": "rm"}),
    ("automations", {"command": "rm -rf /"}),
    ("cron", {"command": "rm -rf /"}),
    ("jira__search", {"query": "x"}),
    ("mcp__jira__search", {"query": "x"}),
    ("stranger", {"path": "/etc/passwd", "url": "http://evil.example/", "command": "rm"}),
    ("unheard_of", {}),
]


def narrowed(*rules: Rules, kills: tuple[KillOrder, ...] = (), plugin: Plugin = PLUGIN, **more: Any) -> EffectivePolicy:
    policies = [Effective(enforced=item, **more) for item in rules]
    return effective_policy(policies, plugin, serial=7, kills=kills, catalogue=OPENCLAW, at=AT)


def lets_through(policy: EffectivePolicy, tool: str) -> bool:
    """What the code of the public plugin does with a policy: `tool-enforcer.ts`, in its order."""
    if policy.kill_switch.active:
        return False
    name = tool.strip().lower()
    name = ALIASES.get(name, name)
    if policy.tools.deny and name in {ALIASES.get(item, item) for item in policy.tools.deny}:
        return False
    return not policy.tools.allow or name in {ALIASES.get(item, item) for item in policy.tools.allow}


def allowed_here(rules: Rules, tool: str, params: dict[str, Any], kills: tuple[KillOrder, ...]) -> bool:
    request = Request(tool=tool, params=params, user="ann", instance="laptop", at=AT)
    facts = InstanceFacts(versions={}, home="/home/ann", workspace="/home/ann/workspace")
    runtime = Runtime(kill=kills, groups=("eng",))
    return Decider(Effective(enforced=rules)).decide(request, facts=facts, runtime=runtime).effect is Effect.ALLOW


KILLS = st.lists(
    st.sampled_from(["tool:exec", "tool:web*", "tool:group:fs", "tool:jira__search", "group:other", "instance:x"]),
    max_size=2,
).map(lambda scopes: tuple(KillOrder(scope=scope) for scope in scopes))


def check(rules: list[Rules], kills: tuple[KillOrder, ...]) -> None:
    policy = narrowed(*rules, kills=kills)
    for tool, params in CALLS:
        if lets_through(policy, tool):
            for item in rules:
                assert allowed_here(item, tool, params, kills), (tool, params, item, policy)


@settings(max_examples=150)
@given(st.lists(RULES, min_size=1, max_size=2), KILLS)
def test_nothing_passes_that_our_own_agent_refuses(rules: list[Rules], kills: tuple[KillOrder, ...]) -> None:
    check(rules, kills)


WITNESSES = {
    "tools": Rules(tools=EffectiveTools(ask=("message",))),
    "exec": Rules(exec=EffectiveExec(mode=ExecMode.ASK)),
    "paths": Rules(paths=EffectivePaths(deny=("~/.ssh/**",))),
    "network": Rules(network=EffectiveNetwork(deny=("evil.example",))),
    "mcp": Rules(mcp=EffectiveMcp(deny=("jira",))),
}


@pytest.mark.parametrize("section", WITNESSES)
def test_the_property_notices_a_section_that_is_not_looked_at(section: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rules = WITNESSES[section]
    check([rules], ())

    def careless(given: Rules, names: Catalogue) -> ToolSet:
        return tool_set(given.model_copy(update={section: getattr(Rules(), section)}), names)

    monkeypatch.setattr("clawforge.legacy.policy.tool_set", careless)
    with pytest.raises(AssertionError):
        check([rules], ())


def test_the_property_notices_a_kill_switch_that_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    kills = (KillOrder(scope="tool:web*"),)
    check([Rules()], kills)
    monkeypatch.setattr("clawforge.legacy.policy._spared", lambda *_: ToolSet())
    with pytest.raises(AssertionError):
        check([Rules()], kills)


@pytest.mark.parametrize("rules", [Rules(tools=EffectiveTools(deny=("exec", "group:plugins")))])
def test_what_no_list_can_name_is_left_out_by_a_list_of_the_others(rules: Rules) -> None:
    policy = narrowed(rules)
    assert policy.tools.allow is not None
    assert {"read", "ls", "automations", "cron"} <= set(policy.tools.allow)
    assert not lets_through(policy, "some_plugin_tool")


@pytest.mark.parametrize("name", ["WebFetch", "web-fetch", "Bash", "group:fss", "group:web"])
def test_a_kill_switch_stops_a_tool_by_whatever_name(name: str) -> None:
    check([Rules()], (KillOrder(scope=f"tool:{name}"),))
    policy = narrowed(Rules(), kills=(KillOrder(scope=f"tool:{name}"),))
    assert any(not lets_through(policy, tool) for tool in NAMES)


def test_a_group_that_nobody_knows_may_mean_any_tool() -> None:
    check([Rules(tools=EffectiveTools(deny=("group:fss",)))], ())
    check([Rules(tools=EffectiveTools(ask=("group:fss",)))], ())


def test_an_open_policy_stays_open() -> None:
    policy = narrowed(Rules(tools=EffectiveTools(deny=("exec", "cron"))))
    assert policy.tools.allow is None
    assert policy.tools.deny == ("bash", "cron", "exec")
    assert lets_through(policy, "some_plugin_tool")
    assert narrowed(Rules()).tools.deny is None


@pytest.mark.parametrize(
    "rules",
    [
        Rules(tools=EffectiveTools(allow=())),
        Rules(tools=EffectiveTools(allow=("exec",)), exec=EffectiveExec(mode=ExecMode.ASK)),
        Rules(tools=EffectiveTools(allow=("mcp__*",))),
    ],
)
def test_an_empty_list_would_allow_everything_so_the_switch_is_on(rules: Rules) -> None:
    policy = narrowed(rules)
    assert policy.kill_switch.active
    assert policy.kill_switch.message


@pytest.mark.parametrize("mode", [ExecMode.ASK, ExecMode.ALLOWLIST, ExecMode.DENY])
def test_commands_are_denied_where_some_could_be(mode: ExecMode) -> None:
    policy = narrowed(Rules(exec=EffectiveExec(mode=mode)))
    assert not lets_through(policy, "exec")
    assert not lets_through(policy, "process")
    assert not lets_through(policy, "anybodys_tool")
    assert lets_through(policy, "read")


def test_the_policies_of_all_agents_are_met() -> None:
    policy = narrowed(Rules(tools=EffectiveTools(allow=("read", "exec"))), Rules(tools=EffectiveTools(deny=("exec",))))
    assert policy.tools.allow == ("read",)


@given(
    st.lists(
        st.builds(ToolSet, st.none() | st.frozensets(st.sampled_from("abc")), st.frozensets(st.sampled_from("abc")))
    )
)
def test_meeting_never_lets_more_through(sets: list[ToolSet]) -> None:
    for one in sets:
        for other in sets:
            met = one.meet(other)
            for name in "abcd":
                passes = [name not in item.deny and (item.allow is None or name in item.allow) for item in (one, other)]
                both = name not in met.deny and (met.allow is None or name in met.allow)
                assert both == all(passes)


@pytest.mark.parametrize(
    ("scope", "stops"),
    [("org", True), ("group:eng", True), ("group:sales", False), ("instance:laptop", True), ("instance:desk", False)],
)
def test_a_kill_switch_stops_whom_it_concerns(scope: str, stops: bool) -> None:
    policy = narrowed(Rules(), kills=(KillOrder(scope=scope, reason="drill", message="stop now"),))
    assert policy.kill_switch.active == stops
    assert policy.kill_switch.message == ("stop now" if stops else None)


def test_a_kill_switch_without_a_message_has_none() -> None:
    policy = narrowed(Rules(), kills=(KillOrder(scope="org"),))
    assert '"killSwitch":{"active":true}' in policy.model_dump_json(by_alias=True, exclude_none=True)


def skills(**more: Any) -> EffectiveSkills:
    return EffectiveSkills(
        approved=(
            SkillIdentity(resource="SkillApproval/w", key="weather", digest="sha256:" + "0" * 64),
            SkillIdentity(resource="SkillApproval/n", key="notes"),
        ),
        **more,
    )


def test_skills_appear_under_their_names() -> None:
    required = Rules(skills=EffectiveSkillRules(require_approval=True))
    found = narrowed(required, skills=skills()).skills
    assert [(item.name, item.key, item.scope) for item in found.approved] == [
        ("notes", "notes", "org"),
        ("weather", "weather", "org"),
    ]
    assert found.require_approval


def test_a_revoked_skill_is_on_no_list_and_the_list_counts() -> None:
    revoked = (SkillIdentity(resource="SkillApproval/x", key="Weather", version="2.0"),)
    found = narrowed(Rules(), skills=skills(revoked=revoked)).skills
    assert [item.key for item in found.approved] == ["notes"]
    assert found.require_approval


def test_where_the_source_of_a_skill_counts_none_is_known_to_be_good() -> None:
    found = narrowed(Rules(skills=EffectiveSkillRules(sources=("clawhub",))), skills=skills()).skills
    assert (found.approved, found.require_approval) == ((), True)


def target(**more: Any) -> EffectiveVersions:
    found = EffectiveVersionTarget(
        resource="VersionTarget/host",
        component="host",
        target=ComponentTarget(range=">=2026.9"),
        enforcement=VersionEnforcement.BLOCK,
        message="Update it.",
        **more,
    )
    return EffectiveVersions(targets=(found,))


def test_a_version_that_nobody_reports_is_too_old() -> None:
    stopped = narrowed(Rules(), versions=target()).kill_switch
    assert (stopped.active, stopped.message) == (True, "The version of the host is too old, or unknown. Update it.")
    new = Plugin(versions={"host": "2026.9.6"})
    assert not narrowed(Rules(), versions=target(), plugin=new).kill_switch.active


def test_a_deadline_that_lies_ahead_stops_nobody_yet() -> None:
    later = AT + dt.timedelta(days=1)
    assert not narrowed(Rules(), versions=target(deadline=later)).kill_switch.active
    policies = [Effective(enforced=Rules(), versions=target(deadline=later))]
    assert next_deadline(policies, AT) == later
    assert next_deadline(policies, later) is None


def test_the_fullest_level_of_audit_counts() -> None:
    quiet, full = ({"level": level} for level in (AuditLevel.OFF, AuditLevel.FULL))
    rules = [Rules.model_validate({"audit": level}, strict=False) for level in (quiet, full)]
    assert narrowed(*rules).audit_level == "full"
    assert narrowed(rules[0]).audit_level == "off"


@pytest.mark.parametrize(
    "called", ["mcp__my-server__get_it", "mcp__my_server__get-it", "my_server__get-it", "odd_tool"]
)
def test_a_denied_name_is_denied_in_every_spelling(called: str) -> None:
    rules = Rules(tools=EffectiveTools(deny=("mcp__my_server__get_it", "odd-tool")))
    assert called in tool_set(rules, OPENCLAW).deny
    # What is allowed is not allowed by more names than it has.
    listed = tool_set(Rules(tools=EffectiveTools(allow=("odd-tool",))), OPENCLAW).allow
    assert listed is not None
    assert "odd-tool" in listed
    assert "odd_tool" not in listed


def test_a_name_with_many_dashes_does_not_become_thousands() -> None:
    assert dashed(["a-b_c"]) == {"a-b-c", "a-b_c", "a_b-c", "a_b_c"}
    assert dashed(["mcp__x"]) == {"mcp__x"}
    name = "-".join("abcdefghijklmnop")
    assert dashed([name]) == {name, name.replace("-", "_")}
