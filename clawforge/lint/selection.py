"""Which findings somebody wants to see."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clawforge.diagnostic import Severity
from clawforge.errors import InputError
from clawforge.lint.report import LintReport, Reported
from clawforge.load.codes import CODES as LOADING
from clawforge.load.problem_list import shown

_UNREAD = frozenset(about.code for about in LOADING if about.severity is Severity.ERROR)


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
            if _refuses(name):
                raise InputError(
                    f"`{name}` refuses a project and cannot be ignored.",
                    hint="Mend what it finds, or choose other rules with --select.",
                )
        return cls(chosen, ignored)

    def of_report(self, report: LintReport) -> LintReport:
        """The report with what is wanted of it."""
        return replace(report, items=tuple(item for item in report.items if self._wants(item)))

    def _wants(self, item: Reported) -> bool:
        if item.rule in _UNREAD:
            return True
        return (self.select is None or item.rule in self.select) and item.rule not in self.ignore


def _refuses(name: str) -> bool:
    from clawforge.lint.codes import severity_of

    return severity_of(name) is Severity.ERROR


def _names(text: str) -> frozenset[str]:
    from clawforge.lint.codes import not_known, severity_of

    names = frozenset(name.strip() for name in text.split(",") if name.strip())
    for name in sorted(names):
        if severity_of(name) is None:
            raise InputError(f"There is no lint rule {shown(name)}.", hint=not_known(name))
    if not names:
        raise InputError("No rule is named.", hint="Separate ids with commas; `clawforge rules` lists them.")
    return names
