"""Running PolicyTest resources: every case is judged as an agent would judge it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from clawforge.decide.request import Decision
from clawforge.decide.simulate import Simulator
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.policy_test import PolicyTest, TestCase

DEFAULT_MOMENT = dt.datetime(2026, 1, 5, 12, 0, tzinfo=dt.UTC)
"""When a case that names no time takes place: a Monday, noon UTC. Fixed, so that a test never depends on the clock."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case, what it got, and why it failed (empty when it passed). `pointer` is its place in the resource."""

    address: str
    pointer: str
    case: TestCase
    decision: Decision
    failure: str

    @property
    def passed(self) -> bool:
        """The decision was the expected one."""
        return not self.failure


def run_policy_tests(resources: Iterable[Resource], simulator: Simulator) -> list[CaseResult]:
    """Results of every case of every PolicyTest, in the order of address and place."""
    tests = sorted((item for item in resources if isinstance(item, PolicyTest)), key=lambda item: item.address)
    return [
        _run(test.address, f"/spec/cases/{index}", case, simulator)
        for test in tests
        for index, case in enumerate(test.spec.cases)
    ]


def _run(address: str, pointer: str, case: TestCase, simulator: Simulator) -> CaseResult:
    who = case.subject
    subject = Subject(
        user=who.user,
        instance=who.instance,
        agent=who.agent,
        context=who.context,
        groups=who.groups,
        tags=dict(who.tags),
    )
    judgement = simulator.judge(subject, case.call.tool, case.call.params, who.at or DEFAULT_MOMENT)
    return CaseResult(address, pointer, case, judgement.decision, _failure(case, judgement.decision))


def _failure(case: TestCase, decision: Decision) -> str:
    expected = case.expect
    if decision.effect != expected.effect:
        why = decision.reasons[0].message if decision.reasons else "no reason was given"
        return f"expected {expected.effect}, got {decision.effect}: {why}"
    if expected.reason is not None and all(reason.code != expected.reason for reason in decision.reasons):
        given = ", ".join(dict.fromkeys(reason.code for reason in decision.reasons)) or "none"
        return f"expected the reason {expected.reason}, got {given}"
    if expected.resource is not None and all(reason.resource != expected.resource for reason in decision.reasons):
        given = ", ".join(dict.fromkeys(str(reason.resource) for reason in decision.reasons)) or "none"
        return f"expected {expected.resource} to decide, but it was {given}"
    return ""
