"""A pattern that finds something in any text."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from pathlib import Path

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.dlp_rule_set import DlpAction, DlpRuleSet

_ORDINARY = Path(__file__).resolve().parent.parent / "ordinary_text.txt"
_DECIDING = frozenset({DlpAction.BLOCK, DlpAction.ASK, DlpAction.REDACT})
# One line may hold by chance what a narrow pattern is after.
_LEAST_LINES = 2
# Trying one takes about as long as loading it did.
_MOST_PATTERNS = 2_000
_LONGEST_SHOWN = 60


def _check(context: LintContext) -> Iterable[Finding]:
    tried: set[tuple[str, tuple[str, ...]]] = set()
    for rule_set in context.each(DlpRuleSet):
        for index, rule in enumerate(rule_set.spec.rules):
            if rule.pattern is None or rule.action not in _DECIDING:
                continue
            search = (rule.pattern, rule.keywords)
            if search not in tried and len(tried) >= _MOST_PATTERNS:
                continue
            tried.add(search)
            lines = _lines(*search)
            if len(lines) >= _LEAST_LINES:
                shown = lines[0] if len(lines[0]) <= _LONGEST_SHOWN else f"{lines[0][:_LONGEST_SHOWN]}…"
                yield Finding(
                    "dlp-pattern-too-broad",
                    rule_set.address,
                    f"/spec/rules/{index}/pattern",
                    f"This pattern finds something in {len(lines)} of {len(_corpus())} lines of ordinary text, such as "
                    f"`{shown}`.",
                    "Add what only the data has: a prefix, a length, `\\b` on both sides, or `keywords`.",
                    Severity.WARNING,
                )


# A control plane is asked about the same patterns with every plan.
@lru_cache(maxsize=_MOST_PATTERNS)
def _lines(pattern: str, keywords: tuple[str, ...]) -> tuple[str, ...]:
    """The lines of ordinary text in which a rule finds something, each taken for a text of its own."""
    from clawforge.decide.dlp.pattern import compile_pattern

    compiled = compile_pattern(pattern)
    words = [keyword.encode().lower() for keyword in keywords]
    return tuple(
        line.decode()
        for line in _corpus()
        if (not words or any(word in line.lower() for word in words)) and compiled.search(line) is not None
    )


@cache
def _corpus() -> tuple[bytes, ...]:
    return tuple(_ORDINARY.read_bytes().splitlines())


RULE = Rule(
    id="dlp-pattern-too-broad",
    name="DLP patterns should not find ordinary text",
    severity=Severity.WARNING,
    what="Patterns of rules that block, ask or redact and that find something in at least two lines of a built-in "
    "sample of everyday sentences, code, commands and logs.",
    why="A rule that stops ordinary work is switched off by the people whom it stops, and then finds nothing at all.",
    bad="""\
apiVersion: clawforge/v1
kind: DlpRuleSet
metadata: {name: customers}
spec:
  appliesTo: everyone
  rules: [{id: number, pattern: "[0-9]{4,}", action: block}]
""",
    good="""\
apiVersion: clawforge/v1
kind: DlpRuleSet
metadata: {name: customers}
spec:
  appliesTo: everyone
  rules: [{id: number, pattern: '\\bAC-[0-9]{6}-[0-9]\\b', action: block}]
""",
    check=_check,
)
