"""What one run of lint says: every diagnostic with the rule behind it, and which of them somebody accepted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clawforge.diagnostic import Diagnostic
from clawforge.finding import Finding
from clawforge.lint.moment import ALWAYS, Span


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Why a finding is not reported. `by` is the address of a Waiver; empty for a comment in the file."""

    reason: str
    by: str = ""


@dataclass(frozen=True, slots=True)
class Reported:
    """A diagnostic; `rule` is the id of the rule that found it, else its own code; `finding` is what the rule found,
    with its severity before any level of the project, None for what no rule found.
    """

    diagnostic: Diagnostic
    rule: str
    finding: Finding | None = None
    acceptance: Acceptance | None = None

    @property
    def names(self) -> frozenset[str]:
        """What a selection, a suppression or a waiver may call it."""
        return frozenset((self.rule, self.diagnostic.code))


@dataclass(frozen=True, slots=True)
class LintReport:
    """Everything found, sorted by place. At every moment in `holds` the same would be found."""

    items: tuple[Reported, ...]
    holds: Span = ALWAYS

    @property
    def reported(self) -> Sequence[Reported]:
        """What nobody accepted."""
        return [item for item in self.items if item.acceptance is None]

    @property
    def diagnostics(self) -> list[Diagnostic]:
        """What nobody accepted, without what is behind it."""
        return [item.diagnostic for item in self.reported]
