"""A deadline that is over."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.meta import format_instant
from clawforge.resource.version_target import VersionEnforcement, VersionTarget


def _check(context: LintContext) -> Iterable[Finding]:
    if context.now is None:
        return
    for target in context.each(VersionTarget):
        spec = target.spec
        if spec.enforcement is VersionEnforcement.BLOCK and spec.deadline is not None and spec.deadline <= context.now:
            grace = "; its grace has no effect any more" if spec.grace else ""
            yield Finding(
                "version-deadline-past",
                target.address,
                "/spec/deadline",
                f"This deadline was {format_instant(spec.deadline)}: whatever is out of range is blocked{grace}.",
                "Remove the deadline, which blocks just so, or move it to give time.",
                Severity.WARNING,
            )


RULE = Rule(
    id="version-deadline-past",
    name="Deadlines should lie ahead",
    severity=Severity.WARNING,
    what="Version targets that block, with a `deadline` in the past.",
    why="Whoever raises the range later, and leaves the old deadline in place, blocks every machine at once.",
    bad="""\
apiVersion: clawforge/v1
kind: VersionTarget
metadata: {name: host}
spec:
  appliesTo: everyone
  components: {host: {range: ">=2026.9.1"}}
  enforcement: block
  deadline: 2020-12-01T00:00:00Z
""",
    good="""\
apiVersion: clawforge/v1
kind: VersionTarget
metadata: {name: host}
spec:
  appliesTo: everyone
  components: {host: {range: ">=2026.9.1"}}
  enforcement: block
  deadline: 2999-12-01T00:00:00Z
""",
    check=_check,
)
