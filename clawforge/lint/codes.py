"""Every code that lint can print, under one roof: those of the rules, and those that no rule has."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from clawforge.diagnostic import Severity
from clawforge.lint.acceptance import CODES as ACCEPTANCE
from clawforge.lint.levels import CODES as SETTINGS
from clawforge.load.codes import CODES as LOADING
from clawforge.spelling import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clawforge.lint.rule import Rule
    from clawforge.problem_code import ProblemCode


@cache
def codes() -> Mapping[str, Rule | ProblemCode]:
    """What is known about each code, by the code: a rule's is its id."""
    from clawforge.lint.registry import RULES

    beside = {about.code: about for about in (*LOADING, *SETTINGS, *ACCEPTANCE)}
    return {**beside, **{rule.id: rule for rule in RULES}}


def severity_of(code: str) -> Severity | None:
    """The highest severity that the code has; None for one that does not exist."""
    about = codes().get(code)
    return None if about is None else about.severity


def not_known(code: str) -> str:
    """What to tell somebody who wrote a code that does not exist."""
    guess = nearest(code, codes())
    return f"Did you mean `{guess}`?" if guess else "`clawforge rules` lists them."
