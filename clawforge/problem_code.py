"""What is known about a code that no lint rule has: those of reading files, of settings, and of accepting findings."""

from __future__ import annotations

from dataclasses import dataclass

from clawforge.diagnostic import Severity


@dataclass(frozen=True, slots=True)
class ProblemCode:
    """One code of a diagnostic, for people: what it reports, why that matters, and how it is mended. `severity` is the
    highest that it has.
    """

    code: str
    what: str
    why: str
    fix: str
    severity: Severity = Severity.ERROR
