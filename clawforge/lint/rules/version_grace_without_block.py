"""Time to update, where nothing happens when it is over."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.version_target import VersionEnforcement, VersionTarget


def _check(context: LintContext) -> Iterable[Finding]:
    for target in context.each(VersionTarget):
        spec = target.spec
        if spec.enforcement is not VersionEnforcement.WARN:
            continue
        for field, present in (("deadline", spec.deadline is not None), ("grace", spec.grace > 0)):
            if present:
                yield Finding(
                    "version-grace-without-block",
                    target.address,
                    f"/spec/{field}",
                    f"`{field}` says when blocking begins, but this target only warns.",
                    "Write `enforcement: block`, or remove it.",
                    Severity.NOTE,
                )


RULE = Rule(
    id="version-grace-without-block",
    name="Grace and deadline should end in blocking",
    severity=Severity.NOTE,
    what="Version targets with `grace` or `deadline` that warn and never block.",
    why="People who read the deadline prepare for something that does not happen, and nobody is stopped on the day.",
    bad="""\
apiVersion: clawforge/v1
kind: VersionTarget
metadata: {name: host}
spec: {appliesTo: everyone, components: {host: {range: ">=2026.9.1"}}, grace: 7d}
""",
    good="""\
apiVersion: clawforge/v1
kind: VersionTarget
metadata: {name: host}
spec: {appliesTo: everyone, components: {host: {range: ">=2026.9.1"}}, grace: 7d, enforcement: block}
""",
    check=_check,
)
