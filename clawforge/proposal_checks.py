"""What is checked about a proposal, by the control plane and by whoever plans without one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from clawforge.decide.simulate import Simulator
from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.engine import lint
from clawforge.lint.invariant_findings import invariant_findings
from clawforge.plan import Check, PlanWarning
from clawforge.policy_tests import CaseResult, run_policy_tests
from clawforge.position import Positions
from clawforge.resolve.org import OrgModel
from clawforge.resource.invariant import Invariant
from clawforge.resource.meta import Resource


@dataclass(frozen=True, slots=True)
class ProposalChecks:
    """Errors of lint and of invariants, failed cases, and the checks and warnings as a plan carries them. The resources
    are `resolvable` if lint has no error, so that it can be said what they mean."""

    errors: tuple[Finding, ...]
    failed: tuple[CaseResult, ...]
    checks: tuple[Check, ...]
    warnings: tuple[PlanWarning, ...]
    resolvable: bool

    @property
    def passed(self) -> bool:
        """A control plane would make this plan."""
        return not self.errors and not self.failed


def lint_proposal(org: str, resources: Sequence[Resource]) -> list[Finding]:
    """What lint finds in a whole proposed state, whatever the time and wherever it is written."""
    return lint(LintContext.of(resources, org=org))


def check_proposal(
    resources: Sequence[Resource],
    found: Sequence[Finding],
    positions: Positions,
    shown: Iterable[str],
    now: dt.datetime,
    *,
    previous: OrgModel | None = None,
) -> ProposalChecks:
    """Beside what lint found, invariants from `now` on, and policy tests over the whole proposed state. With errors of
    lint nothing further is checked.

    `shown` are the addresses of the proposal: warnings about other sources' resources are not its author's business.
    `previous` is the model of a state that has much in common with the proposed one.
    """
    errors = tuple(item for item in found if item.severity is Severity.ERROR)
    bad = len({item.address for item in errors})
    checks = [_check("lint", len(resources) - bad, len(errors))]
    failed: tuple[CaseResult, ...] = ()
    resolvable = not errors
    model = cache(lambda: OrgModel(resources, previous=previous))
    if resolvable and any(isinstance(item, Invariant) for item in resources):
        broken = tuple(invariant_findings(resources, now, model=model()))
        errors = tuple(item for item in broken if item.severity is Severity.ERROR)
        count = sum(isinstance(item, Invariant) for item in resources)
        checks.append(_check("invariant", count - len(broken), len(errors)))
        found = [*found, *broken]
    if resolvable:
        results = run_policy_tests(resources, Simulator(model(), positions))
        failed = tuple(result for result in results if not result.passed)
        checks.append(_check("test", len(results) - len(failed), len(failed)))
    mine = frozenset(shown)
    warnings = [item for item in found if item.severity is Severity.WARNING and item.address in mine]
    said = tuple(_warning(item, positions) for item in warnings)
    return ProposalChecks(errors, failed, tuple(checks), said, resolvable)


def _check(name: str, passed: int, failed: int) -> Check:
    return Check(name=name, status="failed" if failed else "passed", passed=passed, failed=failed)


def _warning(finding: Finding, positions: Positions) -> PlanWarning:
    position = positions.get(finding.address)
    return PlanWarning(
        code=finding.code,
        message=f"{finding.address}: {finding.message}",
        file=position.file if position else None,
        line=position.line_of(finding.pointer) if position else None,
    )
