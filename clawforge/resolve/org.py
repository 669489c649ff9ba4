"""An org's resources as a model that answers, for any subject at any moment, what it may do.

Subjects that the same resources match form a class; everything is resolved once a class (DESIGN.md 5).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from types import MappingProxyType

from clawforge.decide.catalogue import Catalogue
from clawforge.decide.catalogue import catalogue as default_catalogue
from clawforge.effective import Effective, Source, effective_digest
from clawforge.errors import InputError
from clawforge.resolve.bare import Bare, BareResolver, Common
from clawforge.resolve.combine import Combined, Combiner
from clawforge.resolve.lexicon import Lexicon
from clawforge.resolve.membership import Membership, SubjectFacts
from clawforge.resolve.statement import Speaker
from clawforge.resolve.subject import Subject
from clawforge.resolve.targets import StaticClass, Target, TargetedResource, TargetIndex
from clawforge.resolve.verdicts import dlp, skills, unknown_dlp_groups, verdict_places, versions
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.group import Group
from clawforge.resource.meta import Resource
from clawforge.resource.organization import Organization
from clawforge.resource.policy import Policy, PolicyMode
from clawforge.resource.role_binding import RoleBinding
from clawforge.resource.skill_approval import SkillApproval
from clawforge.resource.targeting import Enforcement
from clawforge.resource.user import User
from clawforge.resource.version_target import VersionTarget

_CACHE_LIMIT = 20_000
"""Entries a cache may hold before it is emptied: losing one costs a computation, keeping them all costs
memory."""


_NAMED = 5
"""Policies of a tie that a message names; all of them are among the alert's resources."""


@dataclass(frozen=True, slots=True)
class Alert:
    """Something that people should know about a resolution, such as a tie that later data created."""

    code: str
    message: str
    resources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a class of subjects gets. `provenance` has pointers, no file positions. `matched` are the
    addresses that made the class; `base` is the address of its base, the first of several that tie."""

    effective: Effective
    digest: str
    provenance: Mapping[str, tuple[Source, ...]]
    matched: tuple[str, ...]
    base: str | None
    alerts: tuple[Alert, ...]


class OrgModel:
    """Immutable: built once from resources whose references hold, in any order. Caches inside change no
    answer. What `previous` knows is taken over where the resources are the same."""

    def __init__(
        self,
        resources: Sequence[Resource],
        *,
        catalogue: Catalogue | None = None,
        previous: OrgModel | None = None,
    ) -> None:
        organization = _organization(resources)
        self._people = [resource for resource in resources if isinstance(resource, User | Group | RoleBinding)]
        same = previous is not None and _are_same(self._people, previous._people)
        self.membership: Membership = previous.membership if previous is not None and same else Membership(self._people)
        zone = organization.spec.timezone if organization is not None else "UTC"
        known = previous.index if previous is not None and same and previous._zone == zone else None
        self._zone: str = zone
        self.index: TargetIndex = TargetIndex(resources, self.membership.user_name, zone, known=known)
        self._lexicon = Lexicon(catalogue or default_catalogue())
        self._organization = organization
        self._policies = {resource.address: resource for resource in resources if isinstance(resource, Policy)}
        self._speaker: Speaker = Speaker(
            self._policies, self._lexicon, previous=previous._speaker if previous else None
        )
        self.combiner = Combiner(self._speaker, self._lexicon, organization)
        self._resolutions: dict[tuple[tuple[int, ...], bool], Resolution] = {}
        self._holding: dict[tuple[int, dt.datetime], bool] = {}
        self._bare = BareResolver(self.combiner)
        self._bares: dict[tuple[int, tuple[int, ...]], Bare] = {}
        self._commons: dict[int, tuple[tuple[int, ...], Common]] = {}
        self._shared: dict[tuple[int, ...], tuple[int, ...]] = {}

    def saying(self, policy: Policy) -> OrgModel:
        """The same org with one policy that says something else, to the same subjects at the same times."""
        other = copy(self)
        other.index = self.index.replaced(policy)
        other._policies = {**self._policies, policy.address: policy}
        other._speaker = Speaker(other._policies, self._lexicon, previous=self._speaker)
        other.combiner = Combiner(other._speaker, self._lexicon, self._organization)
        other._resolutions = {}
        other._holding = {}
        other._bare = BareResolver(other.combiner)
        other._bares, other._commons = {}, {}
        return other

    def trying(self, addresses: Collection[str]) -> OrgModel:
        """The same org with these policies on trial, so that they decide nothing."""
        other = copy(self)
        for address in sorted(addresses):
            policy = self._policies[address]
            spec = policy.spec.model_copy(update={"enforcement": Enforcement.OBSERVE})
            tried = policy.model_copy(update={"spec": spec})
            other.index = other.index.replaced(tried)
            other._policies = {**other._policies, address: tried}
        # What policies say is what they said, so all that was worked out from it holds.
        other._resolutions, other._bares, other._commons = {}, {}, {}
        return other

    def messages(self, matched: Iterable[str]) -> tuple[str | None, str | None]:
        """What people are shown whom these resources match when a call is refused: an ordinary one, an elevated one."""
        gathered = self.combiner.gather([self._policies[item] for item in matched if item in self._policies])
        return self.combiner.message(gathered.enforced), self.combiner.message(gathered.floor)

    def facts(self, subject: Subject) -> SubjectFacts:
        """What selectors ask about a subject: declared name, groups, roles, tags, whether suspended."""
        return self.membership.facts(subject)

    def matching(self, facts: SubjectFacts, at: dt.datetime) -> tuple[str, ...]:
        """Addresses of the targeted resources that count for a subject at a moment, sorted: the key of its
        class.

        A suspended user matches no base. Raises InputError for a moment without a zone.
        """
        static = self.index.candidates(facts)
        present = self.present(static, facts.agent, facts.context, at, suspended=facts.suspended)
        return tuple(self.index.targets[index].address for index in present)

    def resolve(self, subject: Subject, at: dt.datetime) -> Resolution:
        """What a subject may do at a moment.

        Raises InputError for a moment without a zone, and for policies whose `extends` has a cycle or names
        nothing.
        """
        facts = self.facts(subject)
        static = self.index.candidates(facts)
        present = self.present(static, facts.agent, facts.context, at, suspended=facts.suspended)
        return self.resolution(present, suspended=facts.suspended)

    def present(
        self, static: StaticClass, agent: str | None, context: str | None, at: dt.datetime, *, suspended: bool
    ) -> tuple[int, ...]:
        """Of the targets that can match, those that do through this agent and context at this moment."""
        if at.tzinfo is None:
            raise InputError("This moment has no time zone.", hint="Write it as 2026-11-20T10:00:00Z.")
        targets = self.index.targets
        through = self.through(static, agent, context, suspended=suspended)
        return tuple(index for index in through if self._holds(index, targets[index], at))

    def through(
        self, static: StaticClass, agent: str | None, context: str | None, *, suspended: bool
    ) -> tuple[int, ...]:
        """Of the targets that can match, those that do through this agent and context whenever they hold."""
        return tuple(
            candidate.target
            for candidate in static
            if (target := self.index.targets[candidate.target]).selector.through(
                agent, context, excepted=candidate.excepted
            )
            and not (suspended and is_any_base(target.resource))
        )

    def resolution(self, present: tuple[int, ...], *, suspended: bool) -> Resolution:
        """What the class that these targets make gets."""
        key = (present, suspended)
        known = self._resolutions.get(key)
        if known is None:
            known = self._resolved([self.index.targets[index] for index in present], suspended=suspended)
            if len(self._resolutions) >= _CACHE_LIMIT:
                self._resolutions.clear()
            self._resolutions[key] = known
        return known

    def one(self, targets: tuple[int, ...]) -> tuple[int, ...]:
        """These targets as the one object under which `bare` knows what is common to many classes."""
        return self._shared.setdefault(targets, targets)

    def bare(self, common: tuple[int, ...], own: tuple[int, ...]) -> Bare:
        """What the class that these targets make gets, without where it was written; much cheaper. The `common` ones
        are one object for many classes (`one`)."""
        known = self._bares.get((id(common), own))
        if known is None:
            targets = self.index.targets
            shared = self._commons.get(id(common))
            if shared is None:
                made = self._bare.common([targets[index] for index in common])
                # The numbers are kept, so that no others can get their id.
                shared = self._commons[id(common)] = (common, made)
            resolved = self._bare.resolve(shared[1], [targets[index] for index in own])
            known = self._bares[id(common), own] = resolved
        return known

    def bare_policy(self, policy: Policy) -> Bare:
        """What subjects would get whom this policy matches and nothing else."""
        return self._bare.alone(policy)

    def _holds(self, index: int, target: Target, at: dt.datetime) -> bool:
        if target.schedule is None and target.lapses is None:
            return True
        key = (index, at)
        known = self._holding.get(key)
        if known is None:
            known = target.holds_at(at)
            if len(self._holding) >= _CACHE_LIMIT:
                self._holding.clear()
            self._holding[key] = known
        return known

    def _resolved(self, matched: Sequence[Target], *, suspended: bool) -> Resolution:
        resources = [target.resource for target in matched]
        policies = [resource for resource in resources if isinstance(resource, Policy)]
        rule_sets = [resource for resource in resources if isinstance(resource, DlpRuleSet)]
        approvals = [resource for resource in resources if isinstance(resource, SkillApproval)]
        targets = [resource for resource in resources if isinstance(resource, VersionTarget)]
        gathered = self.combiner.gather(policies)
        enforced = self.combiner.combine(gathered.enforced)
        shadow = enforced if gathered.shadow is None else self.combiner.combine(gathered.shadow)
        floor = self.combiner.combine(gathered.floor)
        differs = shadow.rules != enforced.rules
        effective = Effective(
            enforced=enforced.rules,
            shadow=shadow.rules if differs else None,
            shadow_warns=differs and any(p.spec.enforcement is Enforcement.WARN for p in policies),
            floor=floor.rules,
            dlp=dlp(rule_sets, self._lexicon),
            skills=skills(approvals),
            versions=versions(targets),
        )
        provenance = {
            **enforced.provenance,
            **(shadow.provenance if differs else {}),
            **floor.provenance,
            **dict(verdict_places(rule_sets, approvals, targets)),
        }
        return Resolution(
            effective=effective,
            digest=effective_digest(effective),
            provenance=MappingProxyType(provenance),
            matched=tuple(target.address for target in matched),
            base=enforced.bases[0] if enforced.bases else None,
            alerts=(
                *_base_alerts(enforced, shadow, suspended=suspended),
                *self._group_alerts(policies, rule_sets),
            ),
        )

    def _group_alerts(self, policies: Sequence[Policy], rule_sets: Sequence[DlpRuleSet]) -> list[Alert]:
        unknown = [(policy.address, group) for policy in policies for group in self._speaker.unknown_groups(policy)]
        return [
            Alert(
                "unknown-group",
                f"{address} names {group}, which the host's catalogue does not know.",
                (address,),
            )
            for address, group in [*unknown, *unknown_dlp_groups(rule_sets, self._lexicon)]
        ]


def _organization(resources: Sequence[Resource]) -> Organization | None:
    """The org's own resource; of several, which is an error elsewhere, the first by name."""
    found = [resource for resource in resources if isinstance(resource, Organization)]
    return min(found, key=lambda resource: resource.address, default=None)


def _are_same(ours: Sequence[Resource], theirs: Sequence[Resource]) -> bool:
    return len(ours) == len(theirs) and all(one is other for one, other in zip(ours, theirs, strict=True))


def is_any_base(resource: TargetedResource) -> bool:
    """Whether it is a base policy, also one that only observes: a suspended user matches none."""
    return isinstance(resource, Policy) and resource.spec.mode is PolicyMode.BASE


def _base_alerts(enforced: Combined, shadow: Combined, *, suspended: bool) -> list[Alert]:
    if suspended:
        return [Alert("user-suspended", "The user is suspended, so no base policy applies and nothing is allowed.")]
    alerts = []
    if not enforced.bases:
        alerts.append(Alert("no-base", "No base policy matches, so nothing is allowed."))
    for bases in sorted({enforced.bases, shadow.bases}):
        if len(bases) > 1:
            names = ", ".join(bases[:_NAMED]) + (f" and {len(bases) - _NAMED} more" if len(bases) > _NAMED else "")
            message = f"{names} are equally specific and of one priority: only what all of them allow is allowed."
            alerts.append(Alert("base-tie", message, bases))
    return alerts
