"""What a policy says, as people write it: names are not expanded, and what it extends is taken in."""

from __future__ import annotations

from typing import Any

from clawforge.resolve.field import policy_fields
from clawforge.resource.merge import MergeRule
from clawforge.resource.policy import Policy, PolicyRules, parent_names

_EMPTY_SAYS_SOMETHING = frozenset({"tools.allow", "exec.allow", "network.allow", "mcp.allow", "skills.sources"})


def said_by(policy: Policy, policies: dict[str, Policy]) -> dict[str, Any]:
    """What a policy says with its parents, by path, as people write it. There must be no cycle among them."""
    said: dict[str, Any] = {}
    parents = [said_by(policies[f"Policy/{name}"], policies) for name in parent_names(policy.spec)]
    for layer in [*parents, _written(policy.spec)]:
        for field in policy_fields():
            value = layer.get(field.path)
            if value is not None:
                united = field.merge.rule is MergeRule.UNION and field.path in said
                said[field.path] = list(dict.fromkeys([*said[field.path], *value])) if united else value
    return said


def _written(rules: PolicyRules) -> dict[str, Any]:
    document = rules.model_dump(mode="json", by_alias=True, exclude_none=True)
    found = {}
    for field in policy_fields():
        section, _, key = field.path.rpartition(".")
        holder = document.get(section, {}) if section else document
        if key in holder:
            found[field.path] = holder[key]
    return found


def as_sections(values: dict[str, Any]) -> dict[str, Any]:
    """Values by path as the sections of a spec; an empty list that says nothing is left out."""
    found: dict[str, Any] = {}
    for path, value in values.items():
        section, _, key = path.rpartition(".")
        if value != [] or path in _EMPTY_SAYS_SOMETHING:
            (found.setdefault(section, {}) if section else found)[key] = value
    return found
