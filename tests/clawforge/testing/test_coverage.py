"""What counts as tried agrees with what decides: a rule that a decision names is one that the call speaks of."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from strategies import resource

from clawforge.decide.call import Call
from clawforge.decide.request import Runtime
from clawforge.decide.simulate import Simulator, simulated_facts
from clawforge.load.project import Project, load_project
from clawforge.policy_tests import DEFAULT_MOMENT, run_policy_tests
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.user import User
from clawforge.testing.coverage import coverage
from clawforge.testing.rule_book import RuleBook
from clawforge.testing.speaks import JUDGED

ROOT = Path(__file__).resolve().parents[3]
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("exec", {"command": "git status --short"}),
    ("exec", {"command": "git push origin main | cat ~/.aws/credentials"}),
    ("exec", {"command": "kubectl get pods && kubectl delete pod x"}),
    ("exec", {"command": "openclaw config set x y"}),
    ("bash", {"command": "aws configure list"}),
    ("process", {"action": "list"}),
    ("read", {"path": "~/.ssh/id_ed25519"}),
    ("read", {"path": "$WORKSPACE/.env"}),
    ("write", {"path": "$WORKSPACE/.git/hooks/pre-commit", "content": "x"}),
    ("edit", {"path": "/etc/clawforge/agent.json", "oldText": "a", "newText": "b"}),
    ("web_fetch", {"url": "https://webhook.site/x"}),
    ("web_fetch", {"url": "http://169.254.169.254/latest"}),
    ("web_fetch", {"url": "https://docs.python.org/3/"}),
    ("message", {"to": "team", "text": "Done"}),
    ("gateway", {"action": "restart"}),
    ("nodes", {"action": "list"}),
    ("automations", {"action": "add"}),
    ("mcp__jira__search", {"query": "x"}),
    ("mcp__unheard_of__tool", {}),
    ("skill", {"name": "release-notes", "source": "clawhub:acme"}),
)


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(ROOT / "policies.example")


def test_every_rule_that_a_decision_names_speaks_of_the_call(project: Project) -> None:
    simulator = Simulator(OrgModel(project.values), project.positions)
    book = RuleBook(project.values)
    rules = {(rule.address, rule.pointer): rule for some in book.rules.values() for rule in some}
    seen: set[str] = set()
    for user in [item.metadata.name for item in project.values if isinstance(item, User)]:
        for tool, params in CALLS:
            judgement = simulator.judge(Subject(user=user), tool, params, DEFAULT_MOMENT)
            call = Call(judgement.request, simulated_facts(user), Runtime())
            speaking = book.speaking(judgement.resolution)
            for reason in judgement.decision.reasons:
                rule = rules.get((reason.resource or "", reason.path or ""))
                # Refusals of what is in no list name the whole list, which is no rule.
                if rule is not None:
                    seen.add(rule.path)
                    assert rule.address in speaking, (user, tool, reason)
                    assert rule.speaks_of(call), (user, tool, reason)
    assert seen >= {"tools.allow", "tools.ask", "tools.deny", "exec.mode", "exec.deny", "paths.deny", "network.deny"}


def test_every_reason_of_a_policy_has_a_field_that_is_counted(project: Project) -> None:
    """A field that decides calls and is forgotten here would never count as tried."""
    source = "".join(path.read_text() for path in (ROOT / "clawforge" / "decide" / "judges").glob("*.py"))
    named = set(re.findall(r'"((?:tools|exec|paths|network|mcp|skills)\.\w+)"', source))
    assert named <= JUDGED
    assert len(named) >= 12


def test_what_is_extended_and_what_is_observed_counts_and_another_base_does_not() -> None:
    resources = [
        resource("User", "ada", {"email": "ada@acme.example"}),
        resource("Policy", "parent", {"appliesTo": {"users": ["ada"]}, "mode": "overlay", "tools": {"deny": ["exec"]}}),
        resource("Policy", "own", {"appliesTo": {"users": ["ada"]}, "extends": ["Policy/lists"]}),
        resource("Policy", "lists", {"appliesTo": {"users": ["nobody"]}, "tools": {"allow": ["group:fs", "exec"]}}),
        resource("Policy", "default", {"appliesTo": "everyone", "tools": {"allow": ["read"]}}),
        resource(
            "Policy",
            "trial",
            {"appliesTo": "everyone", "mode": "overlay", "enforcement": "observe", "paths": {"deny": ["/etc/**"]}},
        ),
        resource(
            "DlpRuleSet",
            "leaks",
            {
                "appliesTo": "everyone",
                "rules": [
                    {"id": "late", "detector": "credit-card", "action": "block", "directions": ["outbound"]},
                    {"id": "seen", "detector": "credit-card", "action": "log"},
                    {"id": "other-tool", "detector": "credit-card", "action": "block", "tools": ["write"]},
                ],
            },
        ),
        resource(
            "PolicyTest",
            "t",
            {
                "cases": [
                    {
                        "name": "x",
                        "subject": {"user": "ada"},
                        "call": {"tool": "read", "params": {"path": "/etc/hosts", "note": "4111 1111 1111 1111"}},
                        "expect": {"effect": "allow"},
                    }
                ]
            },
        ),
    ]
    measured = coverage(resources, run_policy_tests(resources, Simulator(OrgModel(resources), {})))
    assert measured.policies == {
        "Policy/default": False,
        "Policy/lists": True,
        "Policy/own": True,
        "Policy/parent": True,
        "Policy/trial": True,
    }
    assert {(rule.address, rule.text) for rule in measured.rules if rule.tried} == {
        ("Policy/lists", "group:fs"),
        ("Policy/trial", "/etc/**"),
    }
    assert {rule.text: rule.tried for rule in measured.dlp_rules} == {"seen": True, "other-tool": False}
    assert measured.percent == 42.8


def test_nothing_to_try_is_all_of_it() -> None:
    assert coverage([], []).percent == 100.0
