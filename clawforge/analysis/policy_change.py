"""How one policy changes by itself: which fields differ, and whether what it says became freer or stricter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from clawforge.analysis.world import World
from clawforge.decide.names import NamePattern
from clawforge.effective import Effective, EffectiveExec
from clawforge.resource.policy import ExecMode, Policy, PolicyMode

if TYPE_CHECKING:
    from clawforge.analysis.comparison import Comparison

COMMANDS, SKILLS = "exec", "skills"
_SETTINGS = ("audit.", "offline.")


def changed_fields(world: World, address: str) -> Mapping[str, tuple[Any, Any]] | None:
    """The fields that a policy says otherwise, by path, before and after, with what it extends; None for a policy that
    comes, goes, or is for others or at other times or takes part in another way."""
    before, after = (side.get(address) for side in world.resources)
    if not isinstance(before, Policy) or not isinstance(after, Policy) or not _same_part(before, after):
        return None
    ours, theirs = world.sides[0].combiner.says(before), world.sides[1].combiner.says(after)
    found = {}
    for path in ours.keys() | theirs.keys():
        old, new = (said[path].value if path in said else None for said in (ours, theirs))
        if old != new or (path in ours) != (path in theirs):
            found[path] = (old, new)
    return found


def compared_alone(world: World, address: str) -> Comparison | None:
    """What a policy lets be done if there is no other, before and after. Where policies meet only field by field, what
    does not change one way here changes it nowhere. None where that cannot be said: for policies that take part in
    another way than before, for commands, whose mode and lists may come from several policies, and for settings, where
    a policy that is silent says less than the default that would be heard in its place."""
    fields = changed_fields(world, address)
    if fields is None or working_together(fields) or any(path.startswith(_SETTINGS) for path in fields):
        return None
    from clawforge.analysis.comparison import NOTHING_CHANGES, compare

    if not fields:
        return NOTHING_CHANGES
    before, after = (side[address] for side in world.resources)
    sides = []
    for model, policy in zip(world.sides, (before, after), strict=True):
        if isinstance(policy, Policy):
            alone = policy.model_copy(update={"spec": policy.spec.model_copy(update={"mode": PolicyMode.BASE})})
            sides.append(_running_all(model.bare_policy(alone).effective))
    return compare(sides[0], sides[1], world.since)


def _running_all(effective: Effective) -> Effective:
    """The same where commands pass: what a mode alone refuses may be on a list that another policy brings."""
    return effective.model_copy(
        update={"enforced": effective.enforced.model_copy(update={"exec": EffectiveExec(mode=ExecMode.FULL)})}
    )


def working_together(fields: Mapping[str, tuple[Any, Any]]) -> frozenset[str]:
    """Of commands and skills, what these fields (before, after) concern: there several resources work together."""
    found = {path.partition(".")[0] for path in fields} & {COMMANDS, SKILLS}
    if any(path.startswith("tools.") and _reaches_skills(*values) for path, values in fields.items()):
        found.add(SKILLS)
    return frozenset(found)


def _reaches_skills(old: tuple[str, ...] | None, new: tuple[str, ...] | None) -> bool:
    """Whether the tool that loads skills is among what a list of tools gains or loses."""
    from clawforge.analysis.sections.skills import SKILL_TOOL

    patterns = (NamePattern.parse(text) for text in set(old or ()) ^ set(new or ()))
    return (old is None) != (new is None) or any(pattern is None or pattern.matches(SKILL_TOOL) for pattern in patterns)


def _same_part(before: Policy, after: Policy) -> bool:
    ours, theirs = before.spec, after.spec
    return (
        ours.applies_to == theirs.applies_to
        and ours.schedule == theirs.schedule
        and ours.priority == theirs.priority
        and ours.mode == theirs.mode
        and ours.enforcement == theirs.enforcement
    )
