"""A range that no version is in."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.lint.version_span import components_of, holds_any
from clawforge.resource.version_target import VersionTarget


def _check(context: LintContext) -> Iterable[Finding]:
    for target in context.each(VersionTarget):
        for name, component in components_of(target):
            if component.range is not None and not holds_any(component.range):
                yield Finding(
                    "version-range-empty",
                    target.address,
                    f"/spec/components/{name}/range",
                    f"No version of the {name} satisfies `{component.range}`, so every instance is out of range.",
                    "All comparisons must hold at once: compare the bounds.",
                    Severity.WARNING,
                )


RULE = Rule(
    id="version-range-empty",
    name="Version ranges should hold a version",
    severity=Severity.WARNING,
    what="Ranges whose comparisons contradict one another, such as `>=2027 <2026.9.1`.",
    why="Where versions are enforced, every machine is blocked and no update helps.",
    bad="""\
apiVersion: clawforge/v1
kind: VersionTarget
metadata: {name: host}
spec: {appliesTo: everyone, components: {host: {range: ">=2027 <2026.9.1"}}}
""",
    good="""\
apiVersion: clawforge/v1
kind: VersionTarget
metadata: {name: host}
spec: {appliesTo: everyone, components: {host: {range: ">=2026.9.1 <2027"}}}
""",
    check=_check,
)
