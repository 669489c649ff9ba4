"""A token that no server makes."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.enrollment import LONGEST_LIFE, Enrollment
from clawforge.resource.meta import format_duration


def _check(context: LintContext) -> Iterable[Finding]:
    for template in context.each(Enrollment):
        if template.spec.ttl > LONGEST_LIFE:
            yield Finding(
                "enrollment-life-too-long",
                template.address,
                "/spec/ttl",
                f"A token that may be used for {format_duration(template.spec.ttl)} is refused; 30 days are the most.",
                "Write `ttl: 30d` or less, and mint a new token when it is over.",
                Severity.ERROR,
            )


RULE = Rule(
    id="enrollment-life-too-long",
    name="Enrolment tokens should live for a month at most",
    severity=Severity.ERROR,
    what="Enrollments with a `ttl` of more than 30 days.",
    why="Tokens lie in mails and scripts. The server makes none for longer, so the template does not do what it says.",
    bad="""\
apiVersion: clawforge/v1
kind: Enrollment
metadata: {name: laptops}
spec: {ttl: 90d}
""",
    good="""\
apiVersion: clawforge/v1
kind: Enrollment
metadata: {name: laptops}
spec: {ttl: 1d}
""",
    check=_check,
)
