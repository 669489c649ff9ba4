"""A guardrail made of a kill switch stops what the kill switch stops."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from server_process import resource

from clawforge.decide.request import KillOrder, Runtime
from clawforge.decide.simulate import Simulator
from clawforge.errors import InputError
from clawforge.layout.new_document import document_text
from clawforge.load.resource import parse_resource
from clawforge.overlay.codify import guardrail_name, guardrail_value
from clawforge.overlay.kill_scope import parse_kill_scope
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource

NOON = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
EVERYTHING = [
    resource("User", "dev", email="dev@acme.example"),
    resource("Group", "eng", members={"users": ["dev"]}),
    resource("Policy", "default", appliesTo="everyone"),
]
SUBJECTS = (Subject(user="dev", instance="lap-1"), Subject(user="bob", instance="lap-2"))
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("exec", {"command": "ls"}),
    ("read", {"path": "/w/a"}),
    ("mcp__github__push", {}),
    ("plugin-tool", {}),
)


def parsed(value: Any) -> Resource:
    found = parse_resource(value)
    assert not isinstance(found, list)
    return found


@pytest.mark.parametrize(
    "scope", ["org", "group:eng", "instance:lap-1", "tool:exec", "tool:Bash", "tool:group:fs", "tool:mcp__github__*"]
)
def test_the_guardrail_denies_what_the_kill_denied(scope: str) -> None:
    base = OrgModel([parsed(item) for item in EVERYTHING])
    value = guardrail_value(scope, "CVE-2026-1", message="Patch first.", ticket="INC-1")
    guarded = OrgModel([parsed(item) for item in (*EVERYTHING, value)])
    killed, written = Simulator(base, {}), Simulator(guarded, {})
    stopped = 0
    for subject in SUBJECTS:
        groups = tuple(base.facts(subject).groups)
        runtime = Runtime(kill=(KillOrder(scope=scope),), groups=groups)
        for tool, params in CALLS:
            by_kill = killed.judge(subject, tool, params, NOON, runtime=runtime).decision.effect
            assert written.judge(subject, tool, params, NOON).decision.effect == by_kill, (subject, tool)
            stopped += by_kill == "deny"
    assert stopped > 0


def test_it_says_why_in_a_file_of_its_own() -> None:
    assert document_text(guardrail_value("tool:Bash", "CVE-2026-1", ticket="INC-1")) == (
        "apiVersion: clawforge/v1\n"
        "kind: Policy\n"
        "metadata:\n"
        "  name: stop-tool-bash\n"
        "  annotations:\n"
        "    reason: CVE-2026-1\n"
        "    ticket: INC-1\n"
        "spec:\n"
        "  appliesTo: everyone\n"
        "  mode: guardrail\n"
        "  tools:\n"
        "    deny: [exec]\n"
        "  message: CVE-2026-1\n"
    )
    assert guardrail_name(parse_kill_scope(f"instance:{'x' * 200}")) == f"stop-instance-{'x' * 49}"


def test_what_no_policy_can_name_is_refused() -> None:
    with pytest.raises(InputError, match="No policy can name"):
        guardrail_value("tool:*x*", "why")
