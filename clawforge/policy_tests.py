"""Running PolicyTest resources: every case is judged as an agent would judge it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from clawforge.canonical import canonical_bytes
from clawforge.decide.request import Decision
from clawforge.decide.simulate import Judgement, Simulator
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.policy_test import DEFAULT_MOMENT, PolicyTest, TestCase


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Where a decision differs from what was expected: `aspect` is `effect`, `reason`, `resource` or `params`."""

    aspect: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case with one user and one tool, what it got, and where that differs (None: it passed). `pointer` is the
    place of the written case in the resource."""

    address: str
    pointer: str
    case: TestCase
    judgement: Judgement
    mismatch: Mismatch | None

    @property
    def decision(self) -> Decision:
        """What was decided."""
        return self.judgement.decision

    @property
    def passed(self) -> bool:
        """The decision was the expected one."""
        return self.mismatch is None

    @property
    def failure(self) -> str:
        """Why it failed, in one sentence; empty when it passed."""
        return "" if self.mismatch is None else _SENTENCES[self.mismatch.aspect](self.mismatch, self.decision)


def run_policy_tests(
    resources: Iterable[Resource], simulator: Simulator, *, wanted: Callable[[str], bool] | None = None
) -> list[CaseResult]:
    """Results of every case of every PolicyTest, in the order of address and place; with `wanted`, of the cases whose
    name it wants, as written or as run."""
    tests = sorted((item for item in resources if isinstance(item, PolicyTest)), key=lambda item: item.address)
    return [
        _run(test.address, f"/spec/cases/{index}", case, simulator)
        for test in tests
        for index, case in test.spec.placed()
        if wanted is None or wanted(case.name) or wanted(test.spec.written[index].name)
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
    return CaseResult(address, pointer, case, judgement, _mismatch(case, judgement.decision))


def _mismatch(case: TestCase, decision: Decision) -> Mismatch | None:
    expected = case.expect
    if decision.effect != expected.effect:
        return Mismatch("effect", str(expected.effect), str(decision.effect))
    if expected.reason is not None and all(reason.code != expected.reason for reason in decision.reasons):
        given = ", ".join(dict.fromkeys(reason.code for reason in decision.reasons)) or "none"
        return Mismatch("reason", expected.reason, given)
    if expected.resource is not None and all(reason.resource != expected.resource for reason in decision.reasons):
        given = ", ".join(dict.fromkeys(str(reason.resource) for reason in decision.reasons)) or "none"
        return Mismatch("resource", expected.resource, given)
    if expected.params is not None:
        used = case.call.params if decision.obligations.params is None else decision.obligations.params
        if _text(used) != _text(expected.params):
            return Mismatch("params", _text(expected.params), _text(used))
    return None


def _text(params: dict[str, Any]) -> str:
    return canonical_bytes(params).decode()


def _effect_sentence(mismatch: Mismatch, decision: Decision) -> str:
    why = decision.reasons[0].message if decision.reasons else "no reason was given"
    return f"expected {mismatch.expected}, got {mismatch.got}: {why}"


def _reason_sentence(mismatch: Mismatch, _: Decision) -> str:
    from clawforge.decide.decider import CODES
    from clawforge.spelling import nearest

    said = f"expected the reason {mismatch.expected}, got {mismatch.got}"
    if mismatch.expected in CODES:
        return said
    guess = nearest(mismatch.expected, CODES)
    return f"{said}; there is no such reason" + (f": did you mean {guess}?" if guess else "")


_SENTENCES: dict[str, Callable[[Mismatch, Decision], str]] = {
    "effect": _effect_sentence,
    "reason": _reason_sentence,
    "resource": lambda mismatch, _: f"expected {mismatch.expected} to decide, but it was {mismatch.got}",
    "params": lambda mismatch, _: f"expected a call with {mismatch.expected}, got one with {mismatch.got}",
}
