"""A denied version that was out of the question already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.lint.version_span import components_of, holds_any, key_of
from clawforge.resource.version_target import ComponentTarget, VersionTarget
from clawforge.version_range import parse_range


def _check(context: LintContext) -> Iterable[Finding]:
    for target in context.each(VersionTarget):
        for name, component in components_of(target):
            for index, message, hint in _without_effect(component):
                pointer = f"/spec/components/{name}/denied/{index}"
                yield Finding("version-denied-outside-range", target.address, pointer, message, hint, Severity.NOTE)


def _without_effect(component: ComponentTarget) -> Iterator[tuple[int, str, str]]:
    """Index in `denied`, message and hint."""
    # A range without any version is the fault of the range, and reported there.
    bounds = component.range if component.range is not None and holds_any(component.range) else None
    versions = parse_range(bounds) if bounds is not None else None
    for index, item in enumerate(component.denied):
        key = key_of(item)
        if key is None:
            message = f"`{item}` is no version, so it denies nothing."
            yield index, message, "Write single versions such as 2026.9.6; comparisons stand in `range`."
        elif versions is not None and not versions.contains_key(key):
            yield index, f"`{item}` is not in `{component.range}` anyway.", "Remove it, or check the range."


RULE = Rule(
    id="version-denied-outside-range",
    name="Denied versions should be in the range",
    severity=Severity.NOTE,
    what="Entries of `denied` that the `range` of the component does not hold, or that are no versions.",
    why="The entry does nothing: either it is left over, or the range or the entry is misspelt.",
    bad="""\
apiVersion: clawforge/v1
kind: VersionTarget
metadata: {name: host}
spec: {appliesTo: everyone, components: {host: {range: ">=2026.9.6", denied: [2026.9.3]}}}
""",
    good="""\
apiVersion: clawforge/v1
kind: VersionTarget
metadata: {name: host}
spec: {appliesTo: everyone, components: {host: {range: ">=2026.9.1", denied: [2026.9.3]}}}
""",
    check=_check,
)
