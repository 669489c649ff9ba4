"""What the rules about policies claim is held against the resolver, the decider and the schedules themselves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import SUBJECTS, WEEK, orgs, resource

from clawforge.decide.catalogue import catalogue
from clawforge.decide.command_pattern import CommandPattern, matches_all, matches_any
from clawforge.decide.decider import Decider
from clawforge.decide.domains import DomainMatcher
from clawforge.decide.names import NameMatcher
from clawforge.decide.paths import GlobList
from clawforge.decide.request import Request
from clawforge.decide.resolved_path import readings, surroundings
from clawforge.decide.shell import parse_command
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.firing import clock_changes, hit, never_shuts
from clawforge.lint.program_reach import REACHES, reach_of
from clawforge.lint.registry import RULES
from clawforge.load.resource import parse_resource
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.policy import Policy
from clawforge.resource.policy_test import Effect
from clawforge.resource.schedule import boundaries, is_open
from clawforge.resource.targeting import Schedule

BY_ID = {rule.id: rule for rule in RULES}
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)


def found_by(rule: str, resources: Sequence[Resource]) -> list[Finding]:
    return list(BY_ID[rule].check(LintContext.of(resources, now=NOW)))


def policy(name: str, **spec: Any) -> Policy:
    made = resource("Policy", name, {"appliesTo": "everyone", **spec})
    assert isinstance(made, Policy)
    return made


def without(resources: Sequence[Resource], finding: Finding) -> list[Resource]:
    """The resources without the value that a finding points at."""
    return [_without(item, finding.pointer) if item.address == finding.address else item for item in resources]


def _without(item: Resource, pointer: str) -> Resource:
    body = orjson.loads(item.model_dump_json(by_alias=True, exclude_unset=True))
    *path, last = pointer.split("/")[1:]
    place = body
    for step in path:
        place = place[int(step)] if isinstance(place, list) else place[step]
    del place[int(last) if isinstance(place, list) else last]
    parsed = parse_resource(body)
    assert isinstance(parsed, Resource), parsed
    return parsed


@pytest.mark.parametrize("rule", ["overlay-widens-nothing", "priority-without-effect"])
@given(drawn=orgs(), subject=SUBJECTS)
@settings(max_examples=60, deadline=None)
def test_what_has_no_effect_can_go(rule: str, drawn: list[Resource], subject: Subject) -> None:
    for finding in found_by(rule, drawn)[:2]:
        before = OrgModel(drawn).resolve(subject, WEEK)
        after = OrgModel(without(drawn, finding)).resolve(subject, WEEK)
        assert before.digest == after.digest


@given(drawn=orgs(), subject=SUBJECTS)
@settings(max_examples=60, deadline=None)
def test_a_policy_without_effect_can_go(drawn: list[Resource], subject: Subject) -> None:
    extended = {parent for item in drawn if item.kind == "Policy" for parent in item.spec.extends}
    for finding in found_by("guardrail-without-effect", drawn)[:2]:
        if finding.address in extended:
            continue
        rest = [item for item in drawn if item.address != finding.address]
        before, after = (OrgModel(some).resolve(subject, WEEK).effective for some in (drawn, rest))
        assert (before.enforced, before.floor) == (after.enforced, after.floor)


TOOLS = ("*", "bash", "edit", "exec", "group:fs", "group:plugins", "group:runtime", "mcp__*", "mcp__a__b", "web_*", "x")
DOMAINS = ("*.a.example", "*.b.a.example", "*.example", "a.example", "b.a.example", "other.test")
GLOBS = (
    "**/.ssh",
    "**/.ssh/**",
    "/",
    "/etc",
    "/etc/*",
    "/etc/*/x",
    "~/.ssh",
    "~/.ssh/**",
    "~/.ssh/id",
    "~/a/.ssh/b",
    "~",
)
COMMANDS = ("git", "git **", "git status", "git status **", "git status -s", "git sta*", "ls", "'git status' **")
LINES = ("git", "git status", "git status -s", "git status -s x", "git stash", "ls", "ls -l", "'git status' x")
PATHS = (
    "/etc",
    "/etc/x",
    "/etc/y/x",
    "~",
    "~/.ssh",
    "~/.ssh/id",
    "~/a",
    "~/a/.ssh",
    "~/a/.ssh/b",
    "$WORKSPACE",
    "/home/u",
)


def some(items: Sequence[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(items), max_size=6, unique=True)


def meanings(item: Resource) -> Iterator[object]:
    """What each list means, told by examples."""
    spec, names = item.spec, catalogue()
    tools = [NameMatcher(names.expand_all(some or ()), names.tools) for some in (spec.tools.allow, spec.tools.deny)]
    yield [bool(matcher.find(name)) for matcher in tools for name in (*names.tools, "mcp__a__b", "mcp__b__c", "x", "y")]
    hosts = ("a.example", "b.a.example", "c.b.a.example", "example", "other.test", "x.other.test")
    yield [bool(DomainMatcher(spec.network.allow).find(host)) for host in hosts]
    for around in (surroundings(None, None), surroundings("/home/u", "/home/u/w")):
        for globs, recursive in ((spec.paths.deny, True), (spec.paths.deny, False), (spec.paths.read_only, False)):
            matcher = GlobList(globs)
            for path in PATHS:
                yield [matcher.find(one, around, recursive=recursive) is not None for one in readings(path, around)]
    allow, deny = ([CommandPattern.parse(text) for text in texts] for texts in (spec.exec.allow, spec.exec.deny))
    for line in LINES:
        yield matches_all(parse_command(line), [allow]), matches_any(parse_command(line), deny) is not None


@given(some(TOOLS), some(TOOLS), some(DOMAINS), some(GLOBS), some(GLOBS), some(COMMANDS), some(COMMANDS))
@settings(max_examples=150, deadline=None)
def test_redundant_entries_can_go_together(
    allow: list[str],
    deny: list[str],
    domains: list[str],
    globs: list[str],
    kept: list[str],
    may_run: list[str],
    may_not_run: list[str],
) -> None:
    item = policy(
        "p",
        tools={"allow": allow, "deny": deny},
        network={"allow": domains},
        paths={"deny": globs, "readOnly": kept},
        exec={"allow": may_run, "deny": may_not_run},
    )
    # Removing from the end keeps the places of what is before.
    rest: Resource = item
    for finding in reversed(found_by("redundant-pattern", [item])):
        rest = _without(rest, finding.pointer)
    assert list(meanings(rest)) == list(meanings(item))
    assert found_by("redundant-pattern", [rest]) == []


@given(some(DOMAINS), some(DOMAINS))
@settings(max_examples=100)
def test_denials_beside_what_is_allowed(allow: list[str], deny: list[str]) -> None:
    item = policy("p", network={"allow": allow, "deny": deny})
    found = {finding.pointer for finding in found_by("network-deny-under-allow", [item])}
    hosts = {text.replace("*", label) for text in (*allow, *deny) for label in ("x", "y.x", "b", "b.a")}
    for index, domain in enumerate(sorted(deny)):
        common = [h for h in hosts if DomainMatcher((domain,)).find(h) and DomainMatcher(allow).find(h)]
        assert (f"/spec/network/deny/{index}" in found) == (bool(allow) and not common)


def effect(resources: Sequence[Resource], tool: str, params: dict[str, str], **subject: Any) -> Effect:
    resolution = OrgModel(resources).resolve(Subject(user="alice", **subject), NOW)
    return Decider(resolution.effective).decide(Request(tool=tool, params=params, user="alice", at=NOW)).effect


WAYS = {
    "edit": {"path": "/x"},
    "apply_patch": {"path": "/x", "input": "*** Add File: /x"},
    "exec": {"command": "touch x"},
}
_LISTS = st.lists(st.sampled_from(("apply_patch", "edit", "exec", "group:fs", "write", "*", "w*")), max_size=3)


@given(
    base=st.fixed_dictionaries({}, optional={"deny": _LISTS, "allow": _LISTS}),
    over=st.fixed_dictionaries({}, optional={"deny": _LISTS, "allow": _LISTS}),
    guard=st.fixed_dictionaries({}, optional={"deny": _LISTS}),
    modes=st.tuples(*[st.sampled_from((None, "full", "ask", "deny"))] * 2),
)
@settings(max_examples=120, deadline=None)
def test_what_is_left_open_is_open(
    base: dict[str, Any], over: dict[str, Any], guard: dict[str, Any], modes: tuple[str | None, str | None]
) -> None:
    resources = [
        policy("base", tools=base, exec={"mode": modes[0]}),
        policy("over", mode="overlay", tools=over, exec={"mode": modes[1]}),
        policy("guard", mode="guardrail", tools=guard),
    ]
    for finding in found_by("write-left-open", resources):
        claimed = [tool for tool in WAYS if f"`{tool}`" in finding.message]
        assert claimed
        for tool in claimed:
            if tool != "apply_patch":
                assert effect(resources, tool, WAYS[tool]) is Effect.ALLOW


def test_overlays_are_held_against_bases_that_surely_stand_behind_them() -> None:
    over = resource("Policy", "over", {"mode": "overlay", "appliesTo": {"agents": ["a"]}, "tools": {"deny": ["write"]}})
    closed = resource("Policy", "closed", {"appliesTo": {"agents": ["a"]}, "tools": {"allow": ["read"]}})
    other = resource("Policy", "other", {"appliesTo": {"users": ["bob"]}})
    everyone = policy("everyone")
    assert found_by("write-left-open", [over]) == []
    assert found_by("write-left-open", [over, closed, everyone]) == []
    assert found_by("write-left-open", [over, other, everyone]) == []
    (found,) = found_by("write-left-open", [over, everyone])
    assert found.related == ("Policy/everyone",)


@pytest.mark.parametrize("program", sorted(REACHES))
def test_each_program_is_shown_by_a_line_that_a_list_admits(program: str) -> None:
    pattern, witness = f"{program} **", REACHES[program].witness
    assert reach_of(pattern) == (program, REACHES[program].opens)
    parsed = parse_command(witness)
    assert not parsed.opaque, parsed.opaque
    assert matches_all(parsed, [[CommandPattern.parse(pattern)]])


@pytest.mark.parametrize(
    "pattern",
    [
        "git status **",
        "sudo systemctl restart **",
        "find . -name *",
        "python3 tool.py **",
        "ls **",
        "git",
        "env",
        "make test",
    ],
)
def test_bounded_commands_are_let_be(pattern: str) -> None:
    assert reach_of(pattern) is None


@pytest.mark.parametrize(
    "pattern", ["* **", "* --version", "python3.11 **", "env -i **", "timeout 10s **", "/bin/sh **"]
)
def test_unbounded_commands_are_seen(pattern: str) -> None:
    assert reach_of(pattern) is not None


CRONS = st.builds(
    lambda minute, hour, day, length: {"cron": f"{minute} {hour} * * {day}", "duration": f"{length}m"},
    st.sampled_from(("0", "30", "*/20", "*")),
    st.sampled_from(("2", "3", "*/6", "*", "0-23")),
    st.sampled_from(("*", "1-5", "*/2")),
    st.sampled_from((1, 20, 60, 360, 1380, 1440, 1500, 5000)),
)


@given(st.sampled_from(("UTC", "Europe/Berlin", "Australia/Lord_Howe")), st.lists(CRONS, min_size=1, max_size=2))
@settings(max_examples=80, deadline=None)
def test_a_schedule_that_never_shuts_is_open_all_the_time(zone: str, windows: list[dict[str, Any]]) -> None:
    schedule = Schedule.model_validate_json(orjson.dumps({"timezone": zone, "windows": windows}), strict=True)
    if never_shuts(schedule):
        # Weeks in which no clock changes are alike: one in winter, and those around the changes of all three zones.
        for month, day, days in ((1, 1, 10), (3, 25, 20), (9, 28, 40)):
            since = dt.datetime(2027, month, day, tzinfo=dt.UTC)
            assert is_open(schedule, since)
            assert boundaries(schedule, since, since + dt.timedelta(days=days)) == []


def test_changes_of_clocks() -> None:
    changes = clock_changes("Europe/Berlin", dt.date(2026, 11, 20))
    assert [(str(item.start), str(item.end), item.skipped) for item in changes] == [
        ("2027-03-28 02:00:00", "2027-03-28 03:00:00", True),
        ("2027-10-31 02:00:00", "2027-10-31 03:00:00", False),
    ]
    assert [item.end - item.start for item in clock_changes("Australia/Lord_Howe", NOW.date())] == [
        dt.timedelta(minutes=30)
    ] * 2
    assert clock_changes("UTC", NOW.date()) == ()
    spring, autumn = changes
    assert hit("30 2 * * *", spring) == dt.datetime(2027, 3, 28, 2, 30)
    assert hit("0 2 * * *", autumn) == dt.datetime(2027, 10, 31, 2, 0)
    assert hit("0 3 * * *", spring) is None
    assert hit("30 2 * * 1-5", spring) is None
    assert hit("30 * * * *", spring) is None


def test_chains_longer_than_anybody_writes_are_passed_over() -> None:
    chain = [policy("p0", tools={"deny": ["write"]})]
    chain += [policy(f"p{n}", extends=[f"Policy/p{n - 1}"]) for n in range(1, 100)]
    context = LintContext.of(chain)
    assert len(context.lineage.layers(chain[50]) or ()) == 51
    assert context.lineage.layers(chain[99]) is None
    circle = [policy("a", extends=["Policy/b"]), policy("b", extends=["Policy/a"])]
    assert LintContext.of(circle).lineage.layers(circle[0]) is None
    lost = policy("a", extends=["Policy/nobody"])
    assert LintContext.of([lost]).lineage.layers(lost) is None
