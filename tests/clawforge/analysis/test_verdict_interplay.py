"""Where one resource brings out what another one changes, or a name is taken that stands for others: case by case."""

from __future__ import annotations

import pytest
from strategies import WEEK, resource
from verdict_check import check

from clawforge.analysis.asking import who_can
from clawforge.analysis.invariants import prove_all
from clawforge.analysis.level import Level
from clawforge.analysis.verdict import Answer, Judged, judge
from clawforge.analysis.world import World
from clawforge.decide.catalogue import catalogue
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
ENG, OPS = {"groups": ["eng"]}, {"groups": ["ops"]}


def policy(name: str, applies_to: object = "everyone", mode: str = "base", **said: object) -> Resource:
    return resource("Policy", name, {"appliesTo": applies_to, "mode": mode, **said})


def group(name: str, **members: object) -> Resource:
    return resource("Group", name, {"members": members})


def answers(before: list[Resource], after: list[Resource]) -> tuple[Answer, Answer]:
    """What the verdict says, both ways round, which must mirror each other."""
    judged, back = (_judged(*change) for change in ((before, after), (after, before)))
    assert (judged.loosens, judged.tightens) == (back.tightens, back.loosens)
    return judged.loosens, judged.tightens


def _judged(before: list[Resource], after: list[Resource]) -> Judged:
    return judge(World(before, after, WEEK))


OPEN = policy("base")
ALICE = resource("User", "alice", {"email": "alice@acme.example"})
BLOCKING = {"enforcement": "block", "grace": "24h"}
DENY_EXEC = {"tools": {"deny": ["exec"]}}


def test_a_machine_by_one_of_several_values_of_a_tag() -> None:
    """The one that the group takes in no more is not the first by name."""
    guard = policy("guard", {**ENG, "contexts": ["work"]}, "guardrail", **DENY_EXEC)
    before = [OPEN, guard, group("eng", tags={"env": ["dev", "prod"]})]
    assert answers(before, [OPEN, guard, group("eng", tags={"env": ["dev"]})]) == (YES, NO)


@pytest.mark.parametrize("own", [OPS, {"contexts": ["work"]}])
def test_who_leaves_a_group_that_is_excepted(own: dict[str, object]) -> None:
    for exception in (ENG, {"roles": ["lead"]}, {**ENG, "agents": ["main"]}):
        guard = policy("guard", {**own, "except": exception}, "guardrail", **DENY_EXEC)
        leads = resource("RoleBinding", "leads", {"role": "lead", "subjects": {"groups": ["eng"]}})
        before = [OPEN, guard, leads, ALICE, group("eng", users=["alice"])]
        assert answers(before, [OPEN, guard, leads, ALICE, group("eng")]) == (NO, YES)


def test_a_setting_that_an_overlay_gives_up() -> None:
    """A base may be laxer than the default that would be heard if there were no base."""
    lax = policy("base", audit={"level": "off", "content": "full"}, offline={"lease": "1h", "maxStale": "7d"})
    for said in ({"audit": {"level": "metadata"}}, {"audit": {"content": "none"}}, {"offline": {"lease": "5m"}}):
        over = policy("over", mode="overlay", **said)
        assert answers([lax, over], [lax, policy("over", mode="overlay")]) == (YES, NO)


@pytest.mark.parametrize("mode", ["ask", "allowlist"])
def test_a_tool_whose_commands_only_another_policy_lists(mode: str) -> None:
    """By itself the overlay lets no command pass; over a base with a list it means that list."""
    listed = policy("base", exec={"mode": "full", "allow": ["git status"]})
    sides = [
        [listed, policy("over", mode="overlay", exec={"mode": mode}, tools={"deny": denied})]
        for denied in (["exec", "read"], ["read"])
    ]
    assert answers(sides[0], sides[1]) == (YES, NO)


def test_two_bases_that_tie_over_commands() -> None:
    """The mode of one makes the list of the other count, so both together allow less than each by itself."""
    other = policy("other", exec={"mode": "full"})
    left = policy("left", {"groups": ["left"]}, exec={"mode": "full", "allow": ["git **"]})
    right = policy("right", {"groups": ["right"]}, exec={"mode": "ask", "allow": ["ls"]})
    first = policy("first", {"groups": ["first"]}, exec={"mode": "ask", "allow": ["ls"]}, priority=200)
    assert answers([other, left, right, first], [other, left, right]) == (YES, YES)


def test_a_base_that_is_silent_about_commands_counts_among_those_that_tie() -> None:
    """Both ways of resolving say the same, or proofs would be about another policy than calls are judged by."""
    listed = policy("listed", ENG, exec={"mode": "allowlist", "allow": ["git **"]})
    model = OrgModel([listed, policy("silent", OPS), policy("over", mode="overlay", exec={"mode": "ask"})])
    subject = Subject(user="alice", groups=("eng", "ops"))
    static = model.index.candidates(model.facts(subject))
    present = model.present(static, None, None, WEEK, suspended=False)
    bare = model.bare(model.one(()), present).effective
    assert bare.enforced == model.resolve(subject, WEEK).effective.enforced
    assert bare.enforced.exec.allow == ((), ("git **",))


@pytest.mark.parametrize("tools", [["my-plugin"], ["mcp__github__*"], ["jira_*"], ["other-tool", "mcp__other*"]])
def test_a_dlp_rule_for_tools_that_no_policy_names(tools: list[str]) -> None:
    rule = {"id": "keys", "detector": "private-key", "tools": tools, "action": "block"}
    assert answers([OPEN, resource("DlpRuleSet", "dlp", {"appliesTo": "everyone", "rules": [rule]})], [OPEN]) == (
        YES,
        NO,
    )


def test_cutting_out_is_not_plainly_less_than_asking() -> None:
    """What is left after cutting out is judged too."""
    kept = {"id": "kept", "pattern": "zzz+", "action": "redact"}
    sides = [
        [
            OPEN,
            resource(
                "DlpRuleSet",
                "dlp",
                {"appliesTo": "everyone", "rules": [kept, {"id": "keys", "detector": "private-key", "action": action}]},
            ),
        ]
        for action in ("redact", "ask")
    ]
    assert _judged(*sides).loosens is UNKNOWN


def test_a_version_target_whose_deadline_lies_beyond_what_its_schedule_is_looked_at() -> None:
    windows = {"timezone": "UTC", "windows": [{"cron": "0 9 * * *", "duration": "8h"}]}
    seldom = {"timezone": "UTC", "windows": [{"cron": "0 9 29 2 *", "duration": "8h"}]}
    for schedule, expected in ((windows, YES), (seldom, UNKNOWN)):
        target = {
            "appliesTo": "everyone",
            "schedule": schedule,
            "components": {"host": {"range": ">=2026.9.1"}},
            "enforcement": "block",
            "deadline": "2026-06-01T00:00:00Z",
        }
        assert answers([OPEN, resource("VersionTarget", "versions", target)], [OPEN]) == (expected, NO)


def test_a_machine_is_out_of_range_since_one_moment() -> None:
    """A call cannot be in its grace for one component and out of it for another."""
    sides = [
        [OPEN, resource("VersionTarget", "versions", {"appliesTo": "everyone", "components": components, **BLOCKING})]
        for components in ({"host": {"range": ">=2026.9.1"}}, {"runtime": {"denied": ["24.1.0"]}})
    ]
    judged = check(*sides, (WEEK,))
    assert (judged.loosens, judged.tightens) == (YES, YES)


def test_names_that_stand_for_others_may_be_taken() -> None:
    """Whoever writes the names that would stand for everything else does not hide what happens to the rest."""
    own = [*catalogue().tools, *(name.upper() for name in catalogue().tools)]
    for deny in (["other-tool", "mcp__*"], ["o*", "mcp__*"], ["other*", "m*"]):
        limited = policy("base", tools={"allow": own, "deny": deny})
        assert answers([limited], [policy("base", tools={"deny": deny})]) == (YES, NO)
    denied = {"deny": ["other"]}
    assert answers([policy("base", mcp={"allow": ["github"], **denied})], [policy("base", mcp=denied)]) == (YES, NO)
    hosts = {"deny": ["example.net", "*.example.net", "10.1.2.3", "other-host"]}
    public = {**hosts, "privateAddresses": "deny"}
    assert answers([policy("base", network=public)], [policy("base", network=hosts)]) == (YES, NO)
    limited = policy("base", network={**public, "allow": ["good.test"]})
    assert answers([limited], [policy("base", network=public)]) == (YES, NO)
    addresses = {"privateAddresses": "deny", "allow": []}
    assert answers([policy("base", network=addresses)], [policy("base", network={"allow": ["*.8.8.8"]})]) == (YES, NO)


def test_a_skill_that_is_called_as_what_stands_for_others() -> None:
    def verdict(name: str, key: str, status: str, **more: object) -> Resource:
        return resource("SkillApproval", name, {"appliesTo": "everyone", "key": key, "status": status, **more})

    closed = policy("base", skills={"requireApproval": True})
    refused = verdict("no", "other", "rejected")
    assert answers([closed, refused], [OPEN, refused]) == (YES, NO)
    other = verdict("no-version", "pdf-tools", "rejected", version="0.0.0-other")
    approved = verdict("yes", "pdf-tools", "approved")
    assert answers([closed, other], [closed, other, approved]) == (YES, NO)


REQUIRED = resource("Invariant", "work", {"appliesTo": "everyone", "require": {"tools": ["web_fetch", "read", "exec"]}})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"network": {"allow": ["a.test"]}}, {"network": {"allow": ["b.test"]}}),
        ({"paths": {"workspaceOnly": True}}, {"paths": {"deny": ["$WORKSPACE/**"]}}),
    ],
)
def test_what_two_policies_let_pass_they_may_refuse_together(one: dict[str, object], other: dict[str, object]) -> None:
    guards = [policy("one", ENG, "guardrail", **one), policy("other", OPS, "guardrail", **other)]
    (proof,) = prove_all([OPEN, *guards, REQUIRED], WEEK)
    assert proof.violation is not None
    assert proof.violation.subject.groups == ("eng", "ops")
    (proof,) = prove_all([OPEN, guards[0], REQUIRED], WEEK)
    assert proof.holds is YES


def test_what_only_three_policies_refuse_together_is_not_proved() -> None:
    listed = [policy(name, {"groups": [name]}, "guardrail", exec={"allow": [name]}) for name in ("git", "ls")]
    judging = policy("judging", ENG, "guardrail", exec={"mode": "allowlist", "allow": ["git", "ls"]})
    (proof,) = prove_all([OPEN, *listed, judging, REQUIRED], WEEK)
    assert proof.holds is UNKNOWN


def test_who_can_only_through_an_agent_in_a_context() -> None:
    base = policy("base", {"agents": ["main"], "contexts": ["work"]})
    known = [group for group in who_can([ALICE, base], "exec", WEEK) if group.newcomer is None]
    assert [(one.level, one.agent, one.context) for one in known] == [
        (Level.DENY, None, None),
        (Level.ALLOW, "main", "work"),
    ]
