"""Who gains and who loses what: the known subjects, with everybody to whom the same happens in one line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from clawforge.analysis.causes import causes, moved_groups
from clawforge.analysis.comparison import CallExample, Comparison, ToolChange
from clawforge.analysis.level import Level
from clawforge.analysis.population import Cohort, KnownInstance, Population
from clawforge.analysis.world import Seen, World
from clawforge.decide.judges.versions import is_in_order
from clawforge.effective import Effective, EffectiveDlpRule, EffectiveVersionTarget, SkillIdentity
from clawforge.resource.version_target import VersionEnforcement


@dataclass(frozen=True, slots=True)
class AccessChange:
    """One thing that somebody gains or loses, apart from who that is.

    `kind`: tool, command, path, host, skill, dlp, version, setting, permission. `what` names the tools, patterns or
    rules. `before` and `after` are levels or values as people write them. `via` are the addresses that bring it about.
    `agent`, `context` and `at` are given where it happens only through that agent, in that context, from that moment.
    """

    gain: bool
    kind: str
    what: tuple[str, ...]
    before: str
    after: str
    via: tuple[str, ...] = ()
    agent: str | None = None
    context: str | None = None
    at: dt.datetime | None = None
    example: CallExample | None = field(default=None, compare=False)


@dataclass(slots=True)
class Line:
    """A change, and to whom it happens."""

    change: AccessChange
    users: list[str] = field(default_factory=list)
    instances: list[KnownInstance] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many users and instances."""
        return len(self.users) + len(self.instances)

    @property
    def names(self) -> list[str]:
        """The users, and `user on instance` for the instances."""
        return [*self.users, *(f"{item.user} on {item.name}" for item in self.instances)]


@dataclass(frozen=True, slots=True)
class AccessDiff:
    """Every line, gains before losses and those of many people first, and everybody whom something changes for."""

    lines: tuple[Line, ...]
    users: frozenset[str]
    instances: frozenset[str]


def access_diff(world: World, population: Population) -> AccessDiff:
    """Compare what every known subject may do before and after."""
    lines: dict[AccessChange, Line] = {}
    users: set[str] = set()
    instances: set[str] = set()
    moved = moved_groups(world)
    for cohort in population.touched:
        changes = dict.fromkeys(_of_cohort(world, cohort, moved))
        for change in changes:
            line = lines.setdefault(change, Line(change))
            line.users.extend(cohort.users)
            line.instances.extend(cohort.instances)
        if changes:
            users.update(cohort.users)
            users.update(item.user for item in cohort.instances)
            instances.update(item.name for item in cohort.instances)
        for change, instance in _of_instances(world, cohort):
            lines.setdefault(change, Line(change)).instances.append(instance)
            users.add(instance.user)
            instances.add(instance.name)
    ordered = sorted(lines.values(), key=_order)
    return AccessDiff(tuple(ordered), frozenset(users), frozenset(instances))


_KIND_ORDER = ("tool", "command", "path", "host", "skill", "version", "dlp", "setting")


def _order(line: Line) -> tuple[object, ...]:
    change = line.change
    when = "" if change.at is None else change.at.isoformat()
    return (
        not change.gain, change.agent or "", change.context or "", when, _KIND_ORDER.index(change.kind), -line.count,
        change.what, change.before, change.after, change.via,
    )  # fmt: skip


def _of_cohort(world: World, cohort: Cohort, moved: frozenset[str]) -> Iterator[AccessChange]:
    """What changes for a cohort: at once for every agent and context, then what is special to some of them."""
    plain: set[AccessChange] = set()
    for agent, context in _ways(world, cohort):
        for seen in _now_first(world, world.seen(cohort.one, agent, context, guess=False)):
            found = list(_of_seen(seen))
            if found:
                via = causes(world, cohort, seen, moved)
                found = [change if change.via else replace(change, via=via) for change in found]
            if agent is None and context is None and seen.at == world.since:
                plain.update(found)
                yield from found
                continue
            at = None if seen.at == world.since else seen.at
            for change in found:
                if change not in plain:
                    yield replace(change, agent=agent, context=context, at=at)


def _now_first(world: World, seen: Iterable[Seen]) -> list[Seen]:
    return sorted(seen, key=lambda one: one.at)


def _ways(world: World, cohort: Cohort) -> list[tuple[str | None, str | None]]:
    """Agents and contexts that some policy of the cohort names, each with every other; none at all first."""
    agents: set[str] = set()
    contexts: set[str] = set()
    for side in (0, 1):
        for candidate in cohort.one[side].static:
            selector = world.sides[side].index.targets[candidate.target].selector
            for conditions in (selector.conditions, selector.exception):
                if conditions is not None:
                    agents |= conditions.agents or frozenset()
                    contexts |= conditions.contexts or frozenset()
    return [(agent, context) for agent in (None, *sorted(agents)) for context in (None, *sorted(contexts))]


def _of_seen(seen: Seen) -> Iterator[AccessChange]:
    comparison, before, after = seen.comparison, seen.before.effective, seen.after.effective
    yield from _tools(comparison)
    for setting in comparison.settings:
        yield AccessChange(setting.looser, "setting", (setting.path,), setting.before, setting.after)
    if before.enforced.tools.allow != () and after.enforced.tools.allow != ():
        # Who may do nothing on one side neither gains nor loses by what bounds the other.
        yield from _dlp_rules(before, after)
        yield from _skills(before, after)


def _tools(comparison: Comparison) -> Iterator[AccessChange]:
    """Tools whose freest call changes, then those of which only some calls do; equal ones are one change."""
    whole: dict[tuple[Level, Level], list[ToolChange]] = {}
    parts: dict[tuple[bool, tuple[str, ...]], list[tuple[ToolChange, CallExample]]] = {}
    for change in comparison.tools:
        if change.freest[0] is not change.freest[1]:
            whole.setdefault(change.freest, []).append(change)
            continue
        for gain, call in ((True, change.looser), (False, change.tighter)):
            if call is not None:
                parts.setdefault((gain, change.about), []).append((change, call))
    for (before, after), tools in whole.items():
        gain = after < before
        example = tools[0].looser if gain else tools[0].tighter
        yield AccessChange(gain, "tool", _labels(tools), before.word, after.word, example=example)
    for (gain, about), found in parts.items():
        kind = _KINDS.get(about[0], "tool") if len(about) == 1 else "tool"
        call = min((call for _, call in found), key=lambda item: (item.tool != "exec", item.tool))
        named = _labels([change for change, _ in found])
        yield AccessChange(gain, kind, named, call.before.word, call.after.word, example=call)


_KINDS = {"commands": "command", "paths": "path", "hosts": "host", "skills": "skill"}


def _labels(tools: Sequence[ToolChange]) -> tuple[str, ...]:
    """What the tools are called; what only looks like one of them is left out where there is another."""
    plain = [change for change in tools if not change.kind.lookalike] or tools
    return tuple(dict.fromkeys(change.kind.label for change in plain))


def _dlp_rules(before: Effective, after: Effective) -> Iterator[AccessChange]:
    """Rules that begin or cease to apply, or do something else than before."""
    if before.dlp is after.dlp:
        return
    ours, theirs = ({(rule.resource, rule.id): rule for rule in side.dlp.rules} for side in (before, after))
    for key in sorted(ours.keys() | theirs.keys()):
        old, new = ours.get(key), theirs.get(key)
        if old != new:
            name = f"{key[0]} {key[1]}"
            gain = _strictness(new) < _strictness(old)
            yield AccessChange(gain, "dlp", (name,), _action(old), _action(new), via=(key[0],))


_STRICT = ("log", "warn", "redact", "ask", "block")


def _strictness(rule: EffectiveDlpRule | None) -> tuple[int, int]:
    if rule is None:
        return (-1, 0)
    return (_STRICT.index(rule.action) if rule.enforcement == "enforce" else 0, -len(rule.tools) if rule.tools else 1)


def _action(rule: EffectiveDlpRule | None) -> str:
    if rule is None:
        return "off"
    tools = f" ({', '.join(rule.tools)})" if rule.tools else ""
    return f"{rule.action}{tools}" if rule.enforcement == "enforce" else f"{rule.enforcement} {rule.action}{tools}"


def _skills(before: Effective, after: Effective) -> Iterator[AccessChange]:
    """Skills that are approved or revoked on one side only; approvals matter where they are asked for."""
    if before.skills is after.skills:
        return
    for gain, old, new in ((True, before, after), (False, after, before)):
        approved = set(new.skills.approved) - set(old.skills.approved)
        if new.enforced.skills.require_approval or old.enforced.skills.require_approval:
            yield from _about_skills(gain, approved, ("not approved", "approved"))
        yield from _about_skills(gain, set(old.skills.revoked) - set(new.skills.revoked), ("revoked", "not revoked"))


def _about_skills(gain: bool, skills: Iterable[SkillIdentity], words: tuple[str, str]) -> Iterator[AccessChange]:
    for one in sorted(skills, key=lambda skill: (skill.key, skill.version or "", skill.resource)):
        name = one.key + (f" {one.version}" if one.version else "")
        before, after = words if gain else reversed(words)
        yield AccessChange(gain, "skill", (name,), before, after, via=(one.resource,))


def _of_instances(world: World, cohort: Cohort) -> Iterator[tuple[AccessChange, KnownInstance]]:
    """Machines that fall out of a version target, or are in order again, by what they reported."""
    if not any(item.versions for item in cohort.instances):
        return
    for seen in world.seen(cohort.one, None, None, guess=False):
        if seen.at != world.since:
            continue
        for instance in cohort.instances:
            versions = dict(instance.versions)
            if versions:
                ours, theirs = (_missed(side.effective, versions) for side in (seen.before, seen.after))
                for key in sorted(theirs.keys() - ours.keys()):
                    yield _version_change(False, key, versions, theirs[key]), instance
                for key in sorted(ours.keys() - theirs.keys()):
                    yield _version_change(True, key, versions, ours[key]), instance


def _missed(effective: Effective, versions: Mapping[str, str]) -> dict[tuple[str, str], EffectiveVersionTarget]:
    return {
        (target.resource, target.component): target
        for target in effective.versions.targets
        if target.enforcement is not VersionEnforcement.OFF
        and not is_in_order(versions.get(target.component), target.target)
    }


def _version_change(
    gain: bool, key: tuple[str, str], versions: Mapping[str, str], target: EffectiveVersionTarget
) -> AccessChange:
    have = versions.get(key[1], "unknown")
    words = (
        (f"out of range ({target.enforcement})", "in order")
        if gain
        else ("in order", f"out of range ({target.enforcement})")
    )
    return AccessChange(gain, "version", (f"{key[1]} {have}",), *words, via=(key[0],))
