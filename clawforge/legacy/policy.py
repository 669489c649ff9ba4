"""The policy of an old plugin: what its format cannot say is narrowed, never widened (SPEC.md 8)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce

from clawforge.decide.catalogue import Catalogue, folded
from clawforge.decide.judges.emergency import killed_names
from clawforge.decide.judges.versions import blocks_at, is_in_order
from clawforge.decide.request import InstanceFacts, KillOrder
from clawforge.effective import Effective, EffectiveTools, EffectiveVersionTarget, Rules, SkillIdentity
from clawforge.legacy.answer import ApprovedSkill, EffectivePolicy, KillSwitch, Skills, Tools
from clawforge.legacy.toolset import ToolSet, tool_set
from clawforge.resource.policy import AuditLevel
from clawforge.resource.version_target import VersionEnforcement

_NOTHING = "No policy of this organization allows you any tool that the old plugin could let through."
_LEVELS = (AuditLevel.OFF, AuditLevel.METADATA, AuditLevel.FULL)


@dataclass(frozen=True, slots=True)
class Plugin:
    """What is known of a plugin: which kill switches concern it, and what it said about its versions."""

    instance: str | None = None
    groups: frozenset[str] = frozenset()
    versions: Mapping[str, str] = field(default_factory=dict)


def effective_policy(
    policies: Sequence[Effective],
    plugin: Plugin,
    *,
    serial: int,
    kills: Iterable[KillOrder],
    catalogue: Catalogue,
    at: dt.datetime,
) -> EffectivePolicy:
    """One policy that lets through what every one of `policies` does: the plugin says neither agent nor context.

    There must be one at least. DLP rules cannot be enforced by it at all, and are left out.
    """
    orders = tuple(kills)
    tools = reduce(ToolSet.meet, (tool_set(policy.enforced, catalogue) for policy in policies))
    tools = tools.meet(_spared(orders, catalogue))
    return EffectivePolicy(
        version=serial,
        tools=Tools(allow=None if tools.allow is None else _listed(tools.allow), deny=_listed(tools.deny) or None),
        skills=_skills(policies),
        kill_switch=_kill_switch(policies, plugin, orders, tools, at),
        audit_level=max((policy.enforced.audit.level for policy in policies), key=_LEVELS.index).value,
    )


def concerning(orders: Iterable[KillOrder], plugin: Plugin) -> tuple[KillOrder, ...]:
    """The kill switches that stop a plugin, or some of its tools, in a fixed order."""
    found = []
    for order in orders:
        kind, _, name = order.scope.partition(":")
        if (kind != "group" or name in plugin.groups) and (kind != "instance" or name == plugin.instance):
            found.append(order)
    return tuple(sorted(found, key=lambda order: (order.scope, order.reason, order.message)))


def _listed(names: frozenset[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


def _kill_switch(
    policies: Sequence[Effective], plugin: Plugin, orders: tuple[KillOrder, ...], tools: ToolSet, at: dt.datetime
) -> KillSwitch:
    """Everything that stops the plugin as a whole: its format has no other way to allow nothing."""
    for order in concerning(orders, plugin):
        if not order.scope.startswith("tool:"):
            return KillSwitch(active=True, message=order.message or order.reason or None)
    blocked = next((target for policy in policies for target in _blocking(policy, plugin, at)), None)
    if blocked is not None:
        said = f" {blocked.message}" if blocked.message else ""
        return KillSwitch(active=True, message=f"The version of the {blocked.component} is too old, or unknown.{said}")
    if tools.is_empty:
        told = next((policy.enforced.message for policy in policies if policy.enforced.message), _NOTHING)
        return KillSwitch(active=True, message=told)
    return KillSwitch(active=False)


def _blocking(policy: Effective, plugin: Plugin, at: dt.datetime) -> Iterable[EffectiveVersionTarget]:
    """Version targets that refuse every call. A version that the plugin never reports counts as too old."""
    facts = InstanceFacts(versions=dict(plugin.versions))
    for target in policy.versions.targets:
        missed = not is_in_order(plugin.versions.get(target.component), target.target)
        if target.enforcement is VersionEnforcement.BLOCK and missed and blocks_at(target, facts, at):
            yield target


def next_deadline(policies: Iterable[Effective], at: dt.datetime) -> dt.datetime | None:
    """When a version target begins to block that does not block yet; None if none does."""
    deadlines = (target.deadline for policy in policies for target in policy.versions.targets)
    return min((moment for moment in deadlines if moment is not None and moment > at), default=None)


def _spared(orders: Iterable[KillOrder], catalogue: Catalogue) -> ToolSet:
    """What is left by the kill switches that name tools."""
    names = [order.scope.partition(":")[2] for order in orders if order.scope.startswith("tool:")]
    patterns = tuple(pattern for name in names for pattern in killed_names(name, catalogue))
    return tool_set(Rules(tools=EffectiveTools(deny=patterns)), catalogue)


def _skills(policies: Sequence[Effective]) -> Skills:
    """Skills under their names: an approval of one content is all that the format can say. A name of which something
    was revoked is no longer approved, and where the source of a skill counts no approval is known to hold."""
    needed = any(_needs_approval(policy) for policy in policies)
    if any(policy.enforced.skills.sources is not None for policy in policies):
        return Skills(require_approval=True)
    keys = set.intersection(*({item.key for item in policy.skills.approved} for policy in policies))
    revoked = {folded(item.key) for policy in policies for item in policy.skills.revoked}
    kept = sorted(key for key in keys if folded(key) not in revoked)
    return Skills(approved=tuple(ApprovedSkill(name=key, key=key) for key in kept), require_approval=needed)


def _needs_approval(policy: Effective) -> bool:
    """A revoked skill can only be stopped by a list of those that are not."""
    revoked: tuple[SkillIdentity, ...] = policy.skills.revoked
    return policy.enforced.skills.require_approval or bool(revoked)
