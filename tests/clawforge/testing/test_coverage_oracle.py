"""Coverage against the decider: a rule alone in a policy changes the answer to a call exactly if the call tries it."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import resource

from clawforge.decide.simulate import Simulator
from clawforge.load.project import load_project
from clawforge.policy_tests import DEFAULT_MOMENT, run_policy_tests
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.policy import Policy
from clawforge.resource.user import User
from clawforge.testing.coverage import coverage
from clawforge.testing.rule_book import RuleBook

ROOT = Path(__file__).resolve().parents[3]

TOOLS = ("read", "bash", "exec", "group:fs", "group:web", "web_*", "mcp__jira__*", "mcp__jira__search", "deploy", "*")
COMMANDS = ("git status **", "git **", "ls", "ls **", "curl **", "rm -rf *", "cat *")
GLOBS = ("~/.ssh/**", "**/.env", "/etc/**", "$WORKSPACE/**", "/home/ada/notes.md", "**/*.pem")
DOMAINS = ("example.com", "*.example.com", "docs.example.com", "*.org")
SERVERS = ("jira", "ji*", "git", "*")
SOURCES = ("clawhub:acme", "clawhub:*", "git:*")

# A field: the rules around the one that is tried, and whether its code is there because of it or for want of it.
FIELDS: dict[str, tuple[tuple[str, ...], dict[str, Any], str, bool]] = {
    "tools.allow": (TOOLS, {}, "tool-not-allowed", False),
    "tools.ask": (TOOLS, {}, "tool-ask", True),
    "tools.deny": (TOOLS, {}, "tool-denied", True),
    "exec.allow": (COMMANDS, {"mode": "allowlist"}, "exec-not-allowed", False),
    "exec.deny": (COMMANDS, {}, "exec-command-denied", True),
    "paths.deny": (GLOBS, {}, "path-denied", True),
    "paths.readOnly": (GLOBS, {}, "path-read-only", True),
    "network.allow": (DOMAINS, {}, "network-not-allowed", False),
    "network.deny": (DOMAINS, {}, "network-denied", True),
    "mcp.allow": (SERVERS, {}, "mcp-not-allowed", False),
    "mcp.deny": (SERVERS, {}, "mcp-denied", True),
    "skills.sources": (SOURCES, {}, "skill-source-not-allowed", False),
}
SIMPLE = (
    "git status --short",
    "git push origin main",
    "ls",
    "ls -l /etc",
    "curl https://docs.example.com/",
    "rm -rf x",
)
SINGLE: tuple[tuple[str, dict[str, Any]], ...] = (
    *(("exec", {"command": command}) for command in SIMPLE),
    ("bash", {"command": "cat notes.md"}),
    ("read", {"path": "~/.ssh/id_ed25519"}),
    ("read", {"path": "/home/ada/notes.md"}),
    ("write", {"path": "$WORKSPACE/.env", "content": "x"}),
    ("edit", {"path": "/etc/hosts", "oldText": "a", "newText": "b"}),
    ("web_fetch", {"url": "https://docs.example.com/x"}),
    ("web_fetch", {"url": "https://example.com./x"}),
    ("web_fetch", {"url": "https://python.org/"}),
    ("mcp__jira__search", {"query": "x"}),
    ("mcp__git__log", {}),
    ("deploy", {}),
    ("skill", {"name": "notes", "source": "clawhub:acme"}),
)
"""Calls that do one thing, so that one rule is enough to let them pass."""


def policy(field: str, entries: list[str]) -> Any:
    section, name = field.split(".")
    around = FIELDS[field][1]
    return resource("Policy", "only", {"appliesTo": "everyone", section: {**around, name: entries}})


def codes(field: str, entries: list[str], call: tuple[str, dict[str, Any]]) -> set[str]:
    simulator = Simulator(OrgModel([policy(field, entries)]), {})
    judgement = simulator.judge(Subject(user="ada"), call[0], call[1], DEFAULT_MOMENT)
    return {reason.code for reason in judgement.decision.reasons}


@cache
def _tries(field: str, entry: str, index: int) -> bool:
    """By the decider alone: the code comes with the entry, or goes."""
    code, because = FIELDS[field][2:]
    without, given_entry = codes(field, [], SINGLE[index]), codes(field, [entry], SINGLE[index])
    return (code in given_entry - without) if because else (code in without - given_entry)


def measured(field: str, entries: list[str], calls: list[tuple[str, dict[str, Any]]]) -> set[str]:
    cases = [
        {
            "name": str(index),
            "subject": {"user": "ada"},
            "call": {"tool": tool, "params": params},
            "expect": {"effect": "allow"},
        }
        for index, (tool, params) in enumerate(calls)
    ]
    resources = [policy(field, entries), resource("PolicyTest", "t", {"cases": cases})]
    found = coverage(resources, run_policy_tests(resources, Simulator(OrgModel(resources), {})))
    return {rule.text for rule in found.rules if rule.field == field and rule.tried}


@pytest.mark.parametrize("field", FIELDS)
def test_one_call_tries_what_the_decider_minds(field: str) -> None:
    entries = list(FIELDS[field][0])
    seen = set()
    for index, call in enumerate(SINGLE):
        expected = {entry for entry in entries if _tries(field, entry, index)}
        assert measured(field, entries, [call]) == expected, call
        seen |= expected
    assert seen, "no call tries anything, so this shows nothing"


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(FIELDS)).flatmap(
        lambda field: st.tuples(
            st.just(field),
            st.lists(st.sampled_from(FIELDS[field][0]), min_size=1, max_size=4, unique=True),
            st.lists(st.integers(0, len(SINGLE) - 1), min_size=1, max_size=5),
        )
    )
)
def test_several_calls_try_what_each_of_them_tries(drawn: tuple[str, list[str], list[int]]) -> None:
    field, entries, indexes = drawn
    expected = {entry for entry in entries if any(_tries(field, entry, index) for index in indexes)}
    assert measured(field, entries, [SINGLE[index] for index in indexes]) == expected


@pytest.mark.parametrize("together", ["; ", " && ", " | "])
def test_a_line_of_commands_tries_what_each_command_tries(together: str) -> None:
    entries = list(COMMANDS)
    for first in range(len(SIMPLE)):
        for second in range(len(SIMPLE)):
            line = together.join((SIMPLE[first], SIMPLE[second]))
            expected = {entry for entry in entries if any(_tries("exec.allow", entry, at) for at in (first, second))}
            assert measured("exec.allow", entries, [("exec", {"command": line})]) == expected, line


def test_a_policy_whose_rules_matter_to_a_subject_has_a_say() -> None:
    """Emptying a policy changes what somebody gets only if coverage counts it for them."""
    project = load_project(ROOT / "policies.example")
    book, org = RuleBook(project.values), OrgModel(project.values)
    users = [Subject(user=item.metadata.name) for item in project.values if isinstance(item, User)]
    mattered = 0
    for emptied in [item for item in project.values if isinstance(item, Policy)]:
        kept = emptied.spec.model_dump(
            by_alias=True,
            mode="json",
            exclude_defaults=True,
            include={"applies_to", "mode", "priority", "schedule", "enforcement"},
        )
        hollow = resource("Policy", emptied.metadata.name, kept)
        changed = OrgModel([hollow if item is emptied else item for item in project.values])
        for user in users:
            before, after = org.resolve(user, DEFAULT_MOMENT), changed.resolve(user, DEFAULT_MOMENT)
            if before.digest != after.digest:
                mattered += 1
                assert emptied.address in book.speaking(before), (user, emptied.address)
    assert mattered > 20
