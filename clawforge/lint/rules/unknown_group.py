"""A group of tools must be one of the catalogue's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.lint.tool_name import written_tools
from clawforge.resource.policy import Policy
from clawforge.spelling import KnownNames

_GROUP = "group:"


def _check(context: LintContext) -> Iterable[Finding]:
    known: KnownNames | None = None
    for address, pointer, pattern, for_tools in _patterns(context):
        if not pattern.startswith(_GROUP):
            continue
        if not for_tools:
            message = f"`{pattern}` matches nothing here: only tools have groups."
            yield Finding("unknown-group", address, pointer, message, "Write names, or `prefix*`.")
            continue
        known = known or KnownNames(context.catalogue.groups)
        if pattern not in known:
            guess = known.nearest(pattern)
            hint = f"Did you mean `{guess}`?" if guess else f"Groups: {', '.join(known)}."
            yield Finding("unknown-group", address, pointer, f"There is no tool group `{pattern}`.", hint)


def _patterns(context: LintContext) -> Iterator[tuple[str, str, str, bool]]:
    """Address, pointer, pattern, and whether it is one of tools."""
    for address, pointer, pattern in written_tools(context):
        yield address, pointer, pattern, True
    for policy in context.each(Policy):
        for section, field in (("mcp", "allow"), ("mcp", "deny"), ("skills", "sources")):
            patterns = getattr(getattr(policy.spec, section), field, None) or ()
            for index, pattern in enumerate(patterns):
                yield policy.address, f"/spec/{section}/{field}/{index}", pattern, False


RULE = Rule(
    id="unknown-group",
    name="Tool groups must exist",
    severity=Severity.ERROR,
    what="`group:` patterns that name no group of the tool catalogue, and such patterns where groups do not exist: "
    "`mcp` and `skills.sources`.",
    why="An unknown group matches no tool: a deny list would let through what it names.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  tools: {deny: ["group:runtme"]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  tools: {deny: ["group:runtime"]}
""",
    check=_check,
)
