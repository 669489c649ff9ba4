"""The nearest rule is one that would have decided otherwise: making it count changes the decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from strategies import resource

from clawforge.decide.catalogue import catalogue
from clawforge.decide.simulate import Simulator
from clawforge.load.project import load_project
from clawforge.policy_tests import CaseResult, run_policy_tests
from clawforge.resolve.org import OrgModel
from clawforge.resource.meta import Resource
from clawforge.resource.policy_test import Effect, PolicyTest
from clawforge.resource.user import User
from clawforge.testing.near_miss import NearMiss, near_miss
from clawforge.testing.rule_book import RuleBook

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = tuple(item for item in load_project(ROOT / "policies.example").values if not isinstance(item, PolicyTest))
USERS = [item.metadata.name for item in EXAMPLE if isinstance(item, User)] + ["someone.new@acme.example"]
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("exec", {"command": "git status --short"}),
    ("exec", {"command": "kubectl get pods"}),
    ("exec", {"command": "terraform plan"}),
    ("web_fetch", {"url": "https://docs.python.org/3/"}),
    ("web_search", {"query": "x"}),
    ("read", {"path": "$WORKSPACE/notes.md"}),
    ("write", {"path": "$WORKSPACE/notes.md", "content": "x"}),
    ("canvas", {}),
    ("message", {"to": "team", "text": "Done"}),
    ("mcp__jira__search", {"query": "x"}),
    ("memory_search", {"query": "x"}),
)


def failures(resources: tuple[Resource, ...], effect: Effect, users: list[str], calls: Any) -> list[CaseResult]:
    cases = [
        {
            "name": f"{user} {index}",
            "subject": {"user": user},
            "call": {"tool": tool, "params": params},
            "expect": {"effect": effect},
        }
        for user in users
        for index, (tool, params) in enumerate(calls)
    ]
    tests = resource("PolicyTest", "t", {"cases": cases})
    every = (*resources, tests)
    results = run_policy_tests(every, Simulator(OrgModel(every), {}))
    return [result for result in results if not result.passed]


def with_entry(resources: tuple[Resource, ...], address: str, path: str, text: str) -> tuple[Resource, ...]:
    """The same with one more entry in a list of a policy."""
    changed = []
    for item in resources:
        if item.address == address:
            spec = item.model_dump(mode="json", by_alias=True, exclude_defaults=True)["spec"]
            section, name = path.split(".")
            values = spec.setdefault(section, {}).setdefault(name, [])
            if text not in values:
                values.append(text)
            item = resource("Policy", item.metadata.name, spec)
        changed.append(item)
    return tuple(changed)


def text_of(near: NearMiss, book: RuleBook) -> tuple[str, str]:
    rule = next(one for one in book.rules[near.address or ""] if one.pointer == near.pointer)
    return rule.path, rule.text


def test_what_permits_it_to_others_would_permit_it_here() -> None:
    book = RuleBook(EXAMPLE)
    told = 0
    for result in failures(EXAMPLE, Effect.ALLOW, USERS, CALLS):
        near = near_miss(result, book)
        base = result.judgement.resolution.base
        if near is None or base is None or "permits this, but" not in near.message or "wins over it" in near.message:
            continue
        path, text = text_of(near, book)
        if "." not in path or path == "tools.profile":
            continue
        told += 1
        assert near.address not in book.speaking(result.judgement.resolution)
        code = result.decision.reasons[0].code
        mended = with_entry(EXAMPLE, base, path, text)
        call = (result.case.call.tool, result.case.call.params)
        after = failures(mended, Effect.ALLOW, [result.case.subject.user], [call])
        assert not after or code == "exec-denied" or after[0].decision.reasons[0].code != code, (near, result.case)
    assert told >= 5


def test_what_forbids_it_to_others_would_forbid_it_here() -> None:
    book = RuleBook(EXAMPLE)
    told = 0
    for effect in (Effect.DENY, Effect.ASK):
        for result in failures(EXAMPLE, effect, USERS, CALLS):
            near = near_miss(result, book)
            base = result.judgement.resolution.base
            if near is None or base is None or " this, but does not count" not in near.message:
                continue
            if "permits this" in near.message:
                continue
            told += 1
            path, text = text_of(near, book)
            mended = with_entry(EXAMPLE, base, path, text)
            call = (result.case.call.tool, result.case.call.params)
            assert not failures(mended, effect, [result.case.subject.user], [call]), near
    assert told >= 5


@pytest.mark.parametrize("effect", list(Effect))
def test_a_tool_that_exists_is_no_misspelling_of_another(effect: Effect) -> None:
    """`web_fetch` and `web_search` are alike and have nothing to do with one another."""
    book = RuleBook(EXAMPLE)
    tools = sorted(catalogue().tools)
    for result in failures(EXAMPLE, effect, ["dana", "omar"], [(tool, {}) for tool in tools]):
        near = near_miss(result, book)
        assert near is None or "Unknown tool" not in near.message
        if near is not None and near.message.partition(" in ")[2].startswith("tools."):
            assert "spelt most like" not in near.message, (result.case.call.tool, near)


@pytest.mark.parametrize("tool", [name for name in sorted(catalogue().tools) if len(name) >= 4])
def test_two_letters_that_changed_places_are_recognised(tool: str) -> None:
    at = next(index for index in range(len(tool) - 1) if tool[index] != tool[index + 1])
    wrong = f"{tool[:at]}{tool[at + 1]}{tool[at]}{tool[at + 2 :]}"
    (result,) = failures((), Effect.ALLOW, ["ada"], [(wrong, {})])
    near = near_miss(result, RuleBook(()))
    assert near is not None
    assert near.message == f"Unknown tool `{wrong}`: did you mean `{tool}`?"
    assert (near.address, near.pointer) == ("PolicyTest/t", "/spec/cases/0/call/tool")
