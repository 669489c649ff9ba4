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
    """Only what every list names; a list that is left out names everything."""
    UNION = "union"
    """Everything that any list names."""
    STRICTEST = "strictest"
    """The value that stands last in the order given."""
    EVERY_LIST = "every list"
    """A value must be matched by every list that is written."""
    OR = "or"
    """True as soon as one policy says so."""
    MIN = "min"
    """The smallest value."""
    MOST_SPECIFIC = "most specific"
    """The value of the policy whose target is the most specific."""


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
