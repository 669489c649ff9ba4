"""What one policy both allows and denies is denied."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.policy import Policy

_MOST_PAIRS = 250_000

Covering = Callable[[str, Sequence[str]], str | None]
"""Of a list of denied patterns, the one that covers an allowed pattern completely."""


def _check(context: LintContext) -> Iterable[Finding]:
    for policy in context.each(Policy):
        spec = policy.spec
        if spec.tools is not None:
            yield from _dead(policy, "tools", spec.tools.allow, spec.tools.deny, lambda a, d: _tool(context, a, d))
        if spec.mcp is not None:
            yield from _dead(policy, "mcp", spec.mcp.allow, spec.mcp.deny, _name)
        if spec.network is not None:
            yield from _dead(policy, "network", spec.network.allow, spec.network.deny, _domain)
        if spec.exec is not None:
            yield from _dead(policy, "exec", spec.exec.allow, spec.exec.deny, _literal)


def _dead(
    policy: Policy, section: str, allow: Sequence[str] | None, deny: Sequence[str] | None, covering: Covering
) -> Iterator[Finding]:
    """The allowed patterns that can never take effect. Lists too long to compare are passed over: it is advice."""
    if not allow or not deny or len(allow) * len(deny) > _MOST_PAIRS:
        return
    for index, pattern in enumerate(allow):
        denied = covering(pattern, deny)
        if denied is None:
            continue
        same = "both allowed and denied here" if denied == pattern else f"allowed here, but `{denied}` denies it"
        yield Finding(
            "allow-deny-contradiction",
            policy.address,
            f"/spec/{section}/allow/{index}",
            f"`{pattern}` is {same}; deny wins.",
            "Remove it from one of the lists.",
            Severity.WARNING,
        )


def _tool(context: LintContext, allowed: str, denied: Sequence[str]) -> str | None:
    from clawforge.decide.names import NamePattern

    def read(text: str) -> list[NamePattern]:
        return [item for name in context.catalogue.expand(text) if (item := NamePattern.parse(name)) is not None]

    ours, core = read(allowed), context.catalogue.tools
    if allowed in denied:
        return allowed
    for text in denied:
        theirs = read(text)
        if ours and all(any(wide.covers(narrow, core) for wide in theirs) for narrow in ours):
            return text
    return None


def _name(allowed: str, denied: Sequence[str]) -> str | None:
    from clawforge.decide.names import NamePattern

    narrow = NamePattern.parse(allowed)
    for text in denied:
        wide = NamePattern.parse(text)
        if narrow is not None and wide is not None and wide.covers(narrow):
            return text
    return None


def _domain(allowed: str, denied: Sequence[str]) -> str | None:
    from clawforge.decide.domains import covers

    return next((wide for wide in denied if covers(wide, allowed)), None)


def _literal(allowed: str, denied: Sequence[str]) -> str | None:
    return allowed if allowed in denied else None


RULE = Rule(
    id="allow-deny-contradiction",
    name="Allowed and denied at once",
    severity=Severity.WARNING,
    what="An entry of an allow list that the deny list of the same policy covers completely. Denying a part of what is "
    "allowed, such as one tool of a group, is no contradiction.",
    why="Deny wins, so the entry does nothing: one of the two lists does not say what its author meant.",
    bad="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  tools: {allow: [exec, read], deny: ["group:runtime"]}
""",
    good="""\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: everybody}
spec:
  appliesTo: everyone
  tools: {allow: ["group:fs"], deny: [write]}
""",
    check=_check,
)
