"""A range of which every version is denied."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.lint.version_span import components_of, holds_any, key_of
from clawforge.resource.version_target import VersionTarget
from clawforge.version_range import parse_range


def _check(context: LintContext) -> Iterable[Finding]:
    for target in context.each(VersionTarget):
        for name, component in components_of(target):
            text, denied = component.range, component.denied
            if text is None or not denied or holds_any(text, denied) or not holds_any(text):
                continue
            versions = parse_range(text)
            index = next(
                at for at, item in enumerate(denied) if (key := key_of(item)) is not None and versions.contains_key(key)
            )
            yield Finding(
                "version-range-excludes-itself",
                target.address,
                f"/spec/components/{name}/denied/{index}",
                f"`{text}` leaves nothing but what `denied` takes away, so every {name} is out of range.",
                "Widen the range, or allow the version.",
                Severity.WARNING,
            )


RULE = Rule(
    id="version-range-excludes-itself",
    name="Denied versions should leave one over",
    severity=Severity.WARNING,
    what="Components whose `denied` takes away every version that their `range` holds.",
    why="Where versions are enforced, every machine is blocked and no update helps.",
    bad="""\
apiVersion: clawforge/v1
kind: VersionTarget
metadata: {name: host}
spec: {appliesTo: everyone, components: {host: {range: "==2026.9.3", denied: [2026.9.3]}}}
""",
    good="""\
apiVersion: clawforge/v1
kind: VersionTarget
metadata: {name: host}
spec: {appliesTo: everyone, components: {host: {range: ">=2026.9.3", denied: [2026.9.3]}}}
""",
    check=_check,
)
