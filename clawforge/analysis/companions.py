"""Resources that can bring out what another one changes. Policies narrow each by itself, with three exceptions: a list
of commands counts only once some policy sets a mode that looks at lists, an approval of a skill counts only where a
policy asks for approvals, and where one does a refusal counts only against an approval."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import permutations

from clawforge.analysis.policy_change import COMMANDS, SKILLS, changed_fields, working_together
from clawforge.analysis.walk import is_base
from clawforge.analysis.wants import Want
from clawforge.analysis.world import World
from clawforge.decide.catalogue import folded
from clawforge.resolve.combine import base_rank
from clawforge.resolve.field import policy_fields
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.meta import Resource
from clawforge.resource.policy import ExecMode, Policy, PolicyMode
from clawforge.resource.skill_approval import SkillApproval, SkillStatus
from clawforge.resource.version_target import VersionTarget

_ALLOW, _MODE = "exec.allow", "exec.mode"
_ORDER = tuple(ExecMode)
"""From lax to strict."""

_SPOKEN = tuple((field.path, field.section) for field in policy_fields() if field.section in (COMMANDS, SKILLS))


def companions(world: World, address: str) -> Iterator[Want]:
    """What must be matched beside a changed resource for its change to show, where that is more than a base."""
    concerned = _concerned(world, address)
    if not concerned:
        return
    verdicts = [item for side in world.resources if isinstance(item := side.get(address), SkillApproval)]
    is_policy = address.startswith("Policy/")
    seen: set[Want] = set()
    for side, model in enumerate(world.sides):
        for target in model.index.targets:
            conditions, resource = target.selector.conditions, target.resource
            if conditions is None or target.address == address:
                continue
            wanted = False
            if isinstance(resource, SkillApproval):
                wanted = SKILLS in concerned and (not verdicts or _approves_what_is_refused(resource, verdicts))
            elif isinstance(resource, Policy) and resource.spec.mode is not PolicyMode.BASE:
                spoken = _spoken(world, side, resource) & concerned
                wanted = COMMANDS in spoken or (SKILLS in spoken and not is_policy)
            want = Want(side, conditions)
            if wanted and want not in seen:
                seen.add(want)
                yield want


def ties(world: World, address: str) -> Iterator[frozenset[Want]]:
    """Two bases that tie, each with a list of commands, under different modes: the stricter mode then holds for both
    lists, which is less than each of them allows by itself unless the other list is the wider one. They matter to whom
    another base comes or goes."""
    if any(isinstance(item := side.get(address), Resource) and _only_beside_bases(item) for side in world.resources):
        return
    for side, model in enumerate(world.sides):
        found: dict[tuple[int, int, int], list[tuple[ExecMode, frozenset[str], Want]]] = {}
        for target in model.index.targets:
            conditions, base = target.selector.conditions, target.resource
            if conditions is None or not isinstance(base, Policy) or not is_base(target):
                continue
            said = model.combiner.says(base)
            mode = said[_MODE].value if _MODE in said else ExecMode.FULL
            if _ALLOW in said and mode is not ExecMode.DENY:
                listed = frozenset(said[_ALLOW].value)
                found.setdefault(base_rank(base), []).append((mode, listed, Want(side, conditions)))
        for tied in found.values():
            for (lax, wide, one), (strict, narrow, other) in permutations(tied, 2):
                if _ORDER.index(lax) < _ORDER.index(strict) and not narrow <= wide:
                    yield frozenset((one, other))


def _only_beside_bases(resource: Resource) -> bool:
    if isinstance(resource, Policy):
        return resource.spec.mode is not PolicyMode.BASE
    return isinstance(resource, DlpRuleSet | SkillApproval | VersionTarget)


def _approves_what_is_refused(approval: SkillApproval, verdicts: Iterable[SkillApproval]) -> bool:
    spec = approval.spec
    return spec.status is SkillStatus.APPROVED and any(
        one.spec.status is not SkillStatus.APPROVED and folded(one.spec.key) == folded(spec.key) for one in verdicts
    )


def command_companions(world: World) -> Iterator[Want]:
    """What matching each policy that narrows and speaks about commands asks for."""
    for target in world.sides[0].index.targets:
        conditions, resource = target.selector.conditions, target.resource
        if conditions is None or not isinstance(resource, Policy) or resource.spec.mode is PolicyMode.BASE:
            continue
        if COMMANDS in _spoken(world, 0, resource):
            yield Want(0, conditions)


def skill_companions(world: World) -> Iterator[Want]:
    """What matching each verdict on a skill asks for."""
    for target in world.sides[0].index.targets:
        conditions = target.selector.conditions
        if conditions is not None and isinstance(target.resource, SkillApproval):
            yield Want(0, conditions)


def _concerned(world: World, address: str) -> frozenset[str]:
    """Whether commands and skills may be what a changed resource makes a difference to. Which base somebody starts from
    decides about both, and so does who belongs where."""
    if address.startswith("SkillApproval/"):
        return frozenset((SKILLS,))
    policies = [item for side in world.resources if isinstance(item := side.get(address), Policy)]
    if not policies:
        return frozenset((COMMANDS, SKILLS))
    fields = changed_fields(world, address)
    if fields is not None:
        return working_together(fields)
    if any(policy.spec.mode is PolicyMode.BASE for policy in policies):
        return frozenset((COMMANDS, SKILLS))
    found: set[str] = set()
    for side, resources in enumerate(world.resources):
        policy = resources.get(address)
        if isinstance(policy, Policy):
            found |= _spoken(world, side, policy)
            found |= working_together(
                {path: (None, said.value) for path, said in world.sides[side].combiner.says(policy).items()}
            )
    return frozenset(found)


def _spoken(world: World, side: int, policy: Policy) -> frozenset[str]:
    """Of commands and skills, what a policy speaks about, by itself or by what it extends."""
    said = world.sides[side].combiner.says(policy)
    return frozenset(section for path, section in _SPOKEN if path in said)
