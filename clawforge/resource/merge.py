"""How two values of a policy field meet, declared on the field itself.

The resolver, `explain` and the reference pages all read these declarations (SPEC.md 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class MergeRule(StrEnum):
    """What an overlay or guardrail does to the value that the base gave; every rule only narrows."""

    INTERSECT = "intersect"
    UNION = "union"
    STRICTEST = "strictest"
    EVERY_LIST = "every list"
    OR = "or"
    MIN = "min"
    MOST_SPECIFIC = "most specific"


class Vocabulary(StrEnum):
    """What the members of a list are, and so how two lists intersect and which patterns cover others."""

    TOOLS = "tools"
    NAMES = "names"
    DOMAINS = "domains"
    LITERALS = "literals"


@dataclass(frozen=True, slots=True)
class Merge:
    """The rule, the value a base that is silent gives, for `strictest` the values from lax to strict, and for lists
    what their members are. Tools are names whose groups and aliases the host's catalogue expands."""

    rule: MergeRule
    default: Any = None
    order: tuple[str, ...] = ()
    of: Vocabulary = Vocabulary.LITERALS
