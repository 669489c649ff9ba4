"""A version target that does nothing."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.version_target import VersionEnforcement, VersionTarget


def _check(context: LintContext) -> Iterable[Finding]:
    for target in context.each(VersionTarget):
        if target.spec.enforcement is VersionEnforcement.OFF:
            yield Finding(
                "version-target-off",
                target.address,
                "/spec/enforcement",
                "With `enforcement: off` this target neither blocks nor warns nor records.",
                "Write `warn`, or remove the resource.",
                Severity.NOTE,
            )


RULE = Rule(
    id="version-target-off",
    name="Version targets should do something",
    severity=Severity.NOTE,
    what="Version targets with `enforcement: off`.",
    why="A target that is off reads like a rule and is none.",
    bad="""\
apiVersion: clawforge/v1
kind: VersionTarget
metadata: {name: host}
spec: {appliesTo: everyone, components: {host: {range: ">=2026.9.1"}}, enforcement: "off"}
""",
    good="""\
apiVersion: clawforge/v1
kind: VersionTarget
metadata: {name: host}
spec: {appliesTo: everyone, components: {host: {range: ">=2026.9.1"}}, enforcement: warn}
""",
    check=_check,
)
