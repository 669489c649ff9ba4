"""Which findings somebody wants to see."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clawforge.diagnostic import Severity
from clawforge.errors import InputError
from clawforge.lint.report import LintReport, Reported
from clawforge.load.problem_list import shown
from clawforge.spelling import nearest


@dataclass(frozen=True, slots=True)
class Selection:
    """`select` of None is all. What could not be read is always shown, as nothing can be said about it."""

    select: frozenset[str] | None = None
    ignore: frozenset[str] = frozenset()

    @classmethod
    def of(cls, select: str | None, ignore: str | None) -> Selection:
        """From names separated by commas. Raises InputError for a name that no rule has, and for ignoring a rule that
        refuses a project.
        """
        chosen = None if select is None else _names(select)
        ignored = frozenset() if ignore is None else _names(ignore)
        for name in sorted(ignored):
            if _severities()[name] is Severity.ERROR:
                raise InputError(
                    f"The rule `{name}` refuses a project and cannot be ignored.",
                    hint="Mend what it finds, or choose other rules with --select.",
                )
        return cls(chosen, ignored)

    def of_report(self, report: LintReport) -> LintReport:
        """The report with what is wanted of it."""
        return replace(report, items=tuple(item for item in report.items if self._wants(item)))

    def _wants(self, item: Reported) -> bool:
        if item.rule not in _severities():
            return True
        return (self.select is None or item.rule in self.select) and item.rule not in self.ignore


def _severities() -> dict[str, Severity]:
    from clawforge.lint.acceptance import CODES
    from clawforge.lint.registry import RULES

    return {about.code: Severity.WARNING for about in CODES} | {rule.id: rule.severity for rule in RULES}


def _names(text: str) -> frozenset[str]:
    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    for name in sorted(names):
        if name not in _severities():
            guess = nearest(name, _severities())
            hint = f"Did you mean `{guess}`?" if guess else "`clawforge rules` lists them."
            raise InputError(f"There is no lint rule {shown(name)}.", hint=hint)
    if not names:
        raise InputError("No rule is named.", hint="Separate ids with commas; `clawforge rules` lists them.")
    return names
