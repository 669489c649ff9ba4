"""Policies that say nothing, or nothing that narrows."""

from __future__ import annotations

from typing import Any

from clawforge.resolve.field import PolicyField, policy_fields
from clawforge.resource.merge import MergeRule
from clawforge.resource.policy import PolicyRules, Profile


def speaks(rules: PolicyRules) -> bool:
    """Whether some field is set. An empty list of what is denied or asked about sets nothing."""
    return any(_is_set(field, field.value_in(rules)) for field in policy_fields())


def narrows(rules: PolicyRules) -> bool:
    """Whether some field is set to more than its laxest value."""
    values = ((field, field.value_in(rules)) for field in policy_fields())
    return any(_is_set(field, value) and not is_laxest(field, value) for field, value in values)


def is_laxest(field: PolicyField, value: Any) -> bool:
    """Whether the value of a field takes nothing away."""
    if field.merge.rule is MergeRule.STRICTEST:
        return value is not None and value == field.merge.order[0]
    return value is False or value is Profile.FULL


def _is_set(field: PolicyField, value: Any) -> bool:
    return value is not None and not (value == () and field.merge.rule is MergeRule.UNION)
