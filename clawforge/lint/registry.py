"""Every lint rule: adding one means adding its file and its line here."""

from __future__ import annotations

from clawforge.lint.rule import Rule
from clawforge.lint.rules import (
    allow_deny_contradiction,
    base_tie,
    exec_deny_best_effort,
    no_base,
    reference,
    unknown_detector,
    unknown_group,
)

RULES: tuple[Rule, ...] = (
    allow_deny_contradiction.RULE,
    base_tie.RULE,
    exec_deny_best_effort.RULE,
    no_base.RULE,
    reference.RULE,
    unknown_detector.RULE,
    unknown_group.RULE,
)
"""All rules, sorted by id."""
