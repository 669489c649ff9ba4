"""What a policy changes in a state of an org: for anybody, whether they exist or not, and at any time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import NamedTuple

from clawforge.analysis.moments import Moments
from clawforge.analysis.search import Search
from clawforge.analysis.seeds import wants_of
from clawforge.analysis.walk import Walk, is_base, target_wants
from clawforge.analysis.world import Class, World
from clawforge.errors import InputError
from clawforge.resolve.combine import most_specific_bases
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.resource.organization import Organization
from clawforge.resource.policy import Policy
from clawforge.resource.targeting import Enforcement
from clawforge.resource.version_target import VersionTarget

SINCE = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
"""Proofs are about all times, not about those after the day of the run: schedules that have ended count as well."""

_MOST_SUBJECTS = 3_000
"""Subjects that one proof looks at before it gives up."""

_COMPARED = (Organization, Policy, VersionTarget)
"""Beside the model, a world looks at what changed, which is a policy, and at the org's defaults and deadlines."""


class Met(NamedTuple):
    """Addresses of the bases that somebody starts from, and of all that matches somebody who was looked at."""

    reached: frozenset[str]
    matched: frozenset[str]


class State:
    """A state of an org. Raises InputError where the resources cannot be resolved.

    Policies on trial count twice: they decide nothing, and what changes nothing must do so too once they decide, or it
    could not go without changing what the trial records. `gone` are policies that are on trial only in order to be out.
    """

    def __init__(
        self,
        resources: Iterable[Resource],
        *,
        model: OrgModel | None = None,
        moments: Moments | None = None,
        gone: frozenset[str] = frozenset(),
    ) -> None:
        given = tuple(resources)
        self._model = model or OrgModel(given)
        self._resources: Mapping[str, Resource] = {item.address: item for item in given if isinstance(item, _COMPARED)}
        self._gone = gone
        values = tuple(self._resources.values())
        self._world = World(values, values, SINCE, models=(self._model, self._model), moments=moments)

    def without(self, addresses: frozenset[str]) -> State:
        """The same state in which these policies decide nothing."""
        model, resources = self._tried(addresses)
        return State(resources.values(), model=model, moments=self._world.moments, gone=self._gone | addresses)

    def saying(self, policy: Policy) -> State:
        """The same state with a policy that says something else, to the same subjects at the same times."""
        resources = {**self._resources, policy.address: policy}
        model = self._model.saying(policy)
        return State(resources.values(), model=model, moments=self._world.moments, gone=self._gone)

    def is_idle(self, address: str) -> bool:
        """Whether it is proved that everybody gets the same without a policy."""
        if not self._is_same(*self._tried(frozenset((address,)))):
            return False
        return self._promoted is None or self._promoted.is_idle(address)

    def is_same_with(self, policy: Policy) -> bool:
        """Whether it is proved that everybody gets the same if a policy says this, to the same subjects at the same
        times."""
        if not self._is_same(self._model.saying(policy), {**self._resources, policy.address: policy}):
            return False
        return self._promoted is None or self._promoted.is_same_with(policy)

    def bases(self) -> Met:
        """Which base policies somebody starts from, and which match somebody. Raises ExhaustedError where there are too
        many combinations of groups and exceptions, OverflowError for too many schedules."""
        found = _Meetings(self._world)
        wanted = {target.address for target in self._model.index.targets if is_base(target)}
        walk = Walk(self._world, found.look, lambda: wanted <= found.reached, most=_MOST_SUBJECTS)
        walk.grow(frozenset())
        for want in target_wants(self._world, is_base):
            walk.grow(frozenset((want,)))
        return Met(frozenset(found.reached), frozenset(found.matched))

    def is_for_somebody(self, address: str) -> bool:
        """Whether a policy may match somebody. Raises as `bases`."""
        found = _Meetings(self._world)
        walk = Walk(self._world, found.look, lambda: address in found.matched, most=_MOST_SUBJECTS)
        for target in self._model.index.targets:
            if target.address == address:
                walk.grow(wants_of(0, target))
        return address in found.matched

    @cached_property
    def _promoted(self) -> State | None:
        """The state in which all that is on trial decides; None where nothing is."""
        trials = [
            resource
            for address, resource in self._resources.items()
            if isinstance(resource, Policy)
            and resource.spec.enforcement is not Enforcement.ENFORCE
            and address not in self._gone
        ]
        if not trials:
            return None
        model, resources = self._model, dict(self._resources)
        for policy in trials:
            spec = policy.spec.model_copy(update={"enforcement": Enforcement.ENFORCE})
            resources[policy.address] = promoted = policy.model_copy(update={"spec": spec})
            model = model.saying(promoted)
        return State(resources.values(), model=model, moments=self._world.moments, gone=self._gone)

    def _tried(self, addresses: frozenset[str]) -> tuple[OrgModel, Mapping[str, Resource]]:
        model = self._model.trying(addresses)
        tried = {target.address: target.resource for target in model.index.targets if target.address in addresses}
        return model, {**self._resources, **tried}

    def _is_same(self, model: OrgModel, resources: Mapping[str, Resource]) -> bool:
        world = World(
            self._resources.values(),
            resources.values(),
            SINCE,
            models=(self._model, model),
            moments=self._world.moments,
        )
        try:
            return Search(world, most=_MOST_SUBJECTS, first=True).changes_nothing()
        except InputError:
            return False


class _Meetings:
    """What the subjects of a walk match, and which bases they start from."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.reached: set[str] = set()
        self.matched: set[str] = set()

    def look(self, subject: Subject, one: Class) -> None:
        """Add what a subject gets at every moment."""
        for seen in self._world.seen(one, subject.agent, subject.context):
            self.matched.update(seen.before.matched)
            self.reached.update(base.address for base in most_specific_bases(self._deciding(seen.before.matched)))

    def _deciding(self, matched: Iterable[str]) -> Iterator[Policy]:
        for address in matched:
            resource = self._world.resources[0].get(address)
            if isinstance(resource, Policy) and resource.spec.enforcement is Enforcement.ENFORCE:
                yield resource
