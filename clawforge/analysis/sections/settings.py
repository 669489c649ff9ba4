"""What a policy says beside calls: how much is reported, and how long an agent may go on alone. Each field has an order
from lax to strict, the one by which policies meet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from clawforge.effective import Rules
from clawforge.resolve.field import PolicyField, policy_fields
from clawforge.resource.merge import MergeRule
from clawforge.resource.meta import format_duration

_SECTIONS = ("audit", "offline")


@dataclass(frozen=True, slots=True)
class SettingChange:
    """A field before and after, as it is written, and whether the change makes it laxer."""

    path: str
    before: str
    after: str
    looser: bool


def setting_changes(before: Rules, after: Rules) -> tuple[SettingChange, ...]:
    """The settings that differ, unless one side lets nothing be done, for which settings mean nothing."""
    if before.tools.allow == () or after.tools.allow == ():
        return ()
    found = []
    for field in policy_fields():
        if field.section not in _SECTIONS:
            continue
        old, new = field.value_in(before), field.value_in(after)
        if old != new:
            found.append(SettingChange(field.path, _written(old), _written(new), _laxer(field, old, new)))
    return tuple(found)


def _laxer(field: PolicyField, old: Any, new: Any) -> bool:
    if field.merge.rule is MergeRule.STRICTEST:
        order = field.merge.order
        return order.index(new) < order.index(old)
    return bool(new > old)


def _written(value: Any) -> str:
    return format_duration(value) if isinstance(value, int) else str(value)
