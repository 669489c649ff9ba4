"""A token that lets many machines in for a long time, unseen."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.enrollment import Enrollment
from clawforge.resource.meta import format_duration

_MANY = 10
_LONG = 86_400


def _check(context: LintContext) -> Iterable[Finding]:
    for template in context.each(Enrollment):
        spec = template.spec
        if spec.max_uses > _MANY and spec.ttl > _LONG and not spec.require_approval:
            yield Finding(
                "enrollment-open-to-many",
                template.address,
                "/spec/maxUses",
                f"Whoever has a token lets up to {spec.max_uses} machines in for {format_duration(spec.ttl)}, unseen.",
                "Write `requireApproval: true`, or a `ttl` of a day or `maxUses` of 10 at most.",
                Severity.WARNING,
            )


RULE = Rule(
    id="enrollment-open-to-many",
    name="Tokens for many machines should be short-lived or approved",
    severity=Severity.WARNING,
    what="Enrollments for more than 10 machines and more than a day without `requireApproval`.",
    why="A token that is copied into many places leaks, and each use of it is a machine with the policy of your own.",
    bad="""\
apiVersion: clawforge/v1
kind: Enrollment
metadata: {name: build-servers}
spec: {ttl: 7d, maxUses: 50}
""",
    good="""\
apiVersion: clawforge/v1
kind: Enrollment
metadata: {name: build-servers}
spec: {ttl: 7d, maxUses: 50, requireApproval: true}
""",
    check=_check,
)
