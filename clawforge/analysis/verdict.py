"""The verdict on a change: tighter, equal, looser, mixed, or unknown, with a witness for each direction."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from clawforge.access.escalation import KINDS_WITH_RIGHTS, Gain, Side, gains
from clawforge.access.model import AccessModel
from clawforge.analysis.search import Direction, Found, Search
from clawforge.analysis.walk import MOST_SUBJECTS
from clawforge.analysis.world import World
from clawforge.errors import InputError
from clawforge.resolve.org import OrgModel
from clawforge.resource.elevation_policy import ElevationPolicy, ElevationPolicySpec
from clawforge.resource.meta import Resource
from clawforge.resource.organization import Organization, OrganizationSpec

_SETTINGS_OF_ORG = ("sso", "passwords", "sessions", "heartbeat", "retention", "limits")


class Verdict(StrEnum):
    """What a change does to what anybody may do, whether they exist yet or not."""

    TIGHTER = "tighter"
    EQUAL = "equal"
    LOOSER = "looser"
    MIXED = "mixed"
    UNKNOWN = "unknown"


class Answer(StrEnum):
    """Whether something happens."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Judged:
    """A change judged. Rights are those on the control plane; `unknown` says what is outside of the analysis."""

    looser: Direction
    tighter: Direction
    rights_gained: tuple[Gain, ...] = ()
    rights_lost: tuple[Gain, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def loosens(self) -> Answer:
        """Whether anybody may do anything that they could not do before."""
        return _answer(self.looser, self.rights_gained, self.unknown)

    @property
    def tightens(self) -> Answer:
        """Whether anybody may not do something any more."""
        return _answer(self.tighter, self.rights_lost, self.unknown)

    @property
    def verdict(self) -> Verdict:
        """Both answers in one word; unknown as soon as one of them is."""
        return _VERDICTS.get((self.loosens, self.tightens), Verdict.UNKNOWN)


_VERDICTS = {
    (Answer.NO, Answer.NO): Verdict.EQUAL,
    (Answer.YES, Answer.NO): Verdict.LOOSER,
    (Answer.NO, Answer.YES): Verdict.TIGHTER,
    (Answer.YES, Answer.YES): Verdict.MIXED,
}


def judge(world: World, *, most: int = MOST_SUBJECTS) -> Judged:
    """Judge the change between the two states of a world.

    What cannot be resolved on one side, such as a policy that extends nothing, is unknown.
    """
    try:
        found = Search(world, most=most).run()
    except InputError as error:
        doubt = Direction(doubts=(f"The change cannot be judged by itself: {error.message}",))
        found = Found(doubt, doubt)
    gained, lost = _rights(world)
    return Judged(
        looser=found.looser,
        tighter=found.tighter,
        rights_gained=gained,
        rights_lost=lost,
        unknown=tuple(_outside(world)),
    )


def judge_alone(world: World, address: str, *, most: int) -> Judged:
    """Judge the change of one resource as if it were the only one."""
    before = world.resources[0]
    after = {key: value for key, value in before.items() if key != address}
    changed = world.resources[1].get(address)
    if changed is not None:
        after[address] = changed
    try:
        models = (world.sides[0], OrgModel(tuple(after.values()), previous=world.sides[0]))
    except InputError as error:
        doubt = Direction(doubts=(f"The change cannot be judged by itself: {error.message}",))
        return Judged(doubt, doubt)
    return judge(World(before.values(), after.values(), world.since, models=models), most=most)


def _rights(world: World) -> tuple[tuple[Gain, ...], tuple[Gain, ...]]:
    """The rights on the control plane that come and go; indexing everybody's is worth it only where some may."""
    if not any(address.partition("/")[0] in KINDS_WITH_RIGHTS for address in world.changed):
        return (), ()
    before, after = (Side(side, AccessModel.of(side.values())) for side in world.resources)
    changed, now = world.changed, world.since
    return gains(before, after, changed, now), gains(after, before, changed, now)


def _answer(direction: Direction, rights: tuple[Gain, ...], unknown: tuple[str, ...]) -> Answer:
    if direction.witness is not None or rights:
        return Answer.YES
    return Answer.UNKNOWN if direction.doubts or unknown else Answer.NO


def _outside(world: World) -> Iterator[str]:
    """Changes that are about something else than what subjects may do: who may join, how people sign in, and what may
    be lifted for a while."""
    for address in sorted(world.changed):
        kind = address.partition("/")[0]
        if kind == "Enrollment":
            yield f"{address} changes who may join with which groups and tags, which is not compared."
        elif kind == "ElevationPolicy":
            terms = [_terms(side.get(address)) for side in world.resources]
            if terms[0] != terms[1]:
                yield f"{address} changes who may have what lifted, and by whose approval, which is not compared."
        elif kind == "Organization":
            before, after = (side.get(address) for side in world.resources)
            for name in _SETTINGS_OF_ORG:
                if _setting(before, name) != _setting(after, name):
                    yield f"{address} changes {name}, which is not compared."


def _terms(policy: Resource | None) -> ElevationPolicySpec | None:
    """What it says, without what it says about itself."""
    if not isinstance(policy, ElevationPolicy):
        return None
    grants = tuple(grant.model_copy(update={"description": ""}) for grant in policy.spec.grants)
    return policy.spec.model_copy(update={"description": "", "grants": grants})


def _setting(organization: Resource | None, name: str) -> object:
    """An org without a resource of its own has the defaults."""
    spec = organization.spec if isinstance(organization, Organization) else OrganizationSpec()
    return getattr(spec, name)
