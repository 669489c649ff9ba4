"""What a lint rule is: a check together with everything that people must know about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clawforge.diagnostic import Diagnostic, Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.edit import Edit

if TYPE_CHECKING:
    from clawforge.load.project import Project


@dataclass(frozen=True, slots=True)
class Rule:
    """`what` it reports and `why` that matters are for the reference pages; `bad` and `good` are YAML documents that
    show a finding and its mending. `severity` is the highest that its findings have. `fix`, where there is one, says
    which edits mend a finding of this rule without changing what the resources mean; nothing if none is safe.
    `check_files` looks at what the files hold beside resources, comments and the project file, and at how resources
    are written; what it finds in a resource is a Finding. `settings` is what the examples need clawforge.yaml to say.
    What a `confidential` rule points at is never printed.
    """

    id: str
    name: str
    severity: Severity
    what: str
    why: str
    bad: str
    good: str
    check: Callable[[LintContext], Iterable[Finding]]
    fix: Callable[[LintContext, Finding], Iterable[Edit]] | None = None
    check_files: Callable[[Project], Iterable[Diagnostic | Finding]] | None = None
    settings: str = ""
    confidential: bool = False
