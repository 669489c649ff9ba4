"""Which base policies tie: equally specific, of equal priority, and for one subject at one time (SPEC.md 2).

Two policies are compared only where some value of their most specific key, or some declared user, brings them
together; a budget bounds the rest, and what it cuts off is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from typing import NamedTuple

from clawforge.lint.coincidence import may_coincide
from clawforge.lint.context import LintContext
from clawforge.resolve.membership import SubjectFacts
from clawforge.resolve.selector import Conditions, specificity
from clawforge.resolve.subject import Subject
from clawforge.resolve.targets import Target, TargetIndex
from clawforge.resource.policy import Policy
from clawforge.resource.user import User, UserState

_MOST_COMPARISONS = 200_000
# Looking through a year of openings takes about as long as this many comparisons of selectors.
_COST_OF_SCHEDULES = 100
_MOST_WITNESSES = 32
_MOST_VALUES = 4
# No user can be declared under this name.
_NOBODY = "?"
# From the most specific key to the least; `tags` is one key here whatever the number of tags.
_KEYS = ("instances", "agents", "users", "tags", "groups", "roles", "contexts")
_SINGULAR = dict(zip(_KEYS, ("instance", "agent", "user", "tag", "group", "role", "context"), strict=True))

Rank = tuple[int, int, int]


class Tie(NamedTuple):
    """Two policies by address, in order, and for whom both are the base."""

    first: Policy
    second: Policy
    whom: str


class TooManyComparisonsError(Exception):
    """The policies share so many values that comparing them all would take too long."""


@dataclass(frozen=True, slots=True)
class _Base:
    policy: Policy
    target: Target
    rank: Rank

    @property
    def conditions(self) -> Conditions | None:
        return self.target.selector.conditions


_Meets = Callable[[_Base, _Base], str | None]
"""For whom both are the base, in words; None for nobody."""


class TieSearch:
    """Looks for ties among the bases of one set of resources. Each policy is reported with its first partner only."""

    def __init__(self, context: LintContext) -> None:
        self._context = context
        self._membership = context.membership
        self._index = TargetIndex(context.bases, self._membership.user_name, "UTC")
        self._bases = [_Base(p, t, _rank(p)) for p, t in zip(context.bases, self._index.targets, strict=True)]
        self._tied: set[str] = set()
        self._comparisons = 0

    def run(self) -> Iterator[Tie]:
        """Raises TooManyComparisonsError after the ties found so far."""
        yield from self._among_users()
        buckets: dict[Rank, list[_Base]] = {}
        for base in self._bases:
            buckets.setdefault(base.rank, []).append(base)
        for bucket in buckets.values():
            if len(bucket) > 1:
                yield from self._written(bucket)

    def _among_users(self) -> Iterator[Tie]:
        """Ties that a declared user sees: users whom the same bases can match are looked at once."""
        seen: set[object] = set()
        for user in self._context.each(User):
            if user.spec.state is UserState.SUSPENDED:
                continue
            facts = self._membership.facts(Subject(user=user.metadata.name))
            candidates = self._index.candidates(facts)
            if candidates in seen:
                continue
            seen.add(candidates)
            meets = _for_user(user, facts)
            for group in _strongest([self._bases[item.target] for item in candidates]):
                for at, base in enumerate(group):
                    yield from self._first_tie(base, islice(group, at), meets)

    def _written(self, bucket: Sequence[_Base]) -> Iterator[Tie]:
        """Ties that the selectors show by the values written in them."""
        shelves: dict[frozenset[str], _Shelf] = {}
        for base in bucket:
            keys = _keys_of(base.conditions)
            for partners in [shelf.partners(base, keys) for shelf in shelves.values()]:
                yield from self._first_tie(base, partners, self._written_witness)
            shelves.setdefault(keys, _Shelf(keys)).add(base)

    def _first_tie(self, base: _Base, partners: Iterable[_Base], meets: _Meets) -> Iterator[Tie]:
        if base.policy.address in self._tied:
            return
        for partner in partners:
            self._spend(1)
            whom = meets(partner, base)
            if whom is not None and self._coincide(partner, base):
                self._tied.add(base.policy.address)
                yield Tie(partner.policy, base.policy, whom)
                return

    def _coincide(self, left: _Base, right: _Base) -> bool:
        ours, theirs = left.policy.spec.schedule, right.policy.spec.schedule
        if ours is not None and theirs is not None:
            self._spend(_COST_OF_SCHEDULES)
        return may_coincide(ours, theirs)

    def _spend(self, cost: int) -> None:
        self._comparisons += cost
        if self._comparisons > _MOST_COMPARISONS:
            raise TooManyComparisonsError

    def _written_witness(self, left: _Base, right: _Base) -> str | None:
        """For whom both are, made up from the values that both name; None if they share none."""
        ours, theirs = left.conditions, right.conditions
        if ours is None or theirs is None:
            return "everyone"
        choices: dict[str, list[str]] = {}
        for key in _KEYS[:3] + _KEYS[4:]:
            options = _common(getattr(ours, key), getattr(theirs, key))
            if options is not None:
                choices[key] = sorted(options)[:_MOST_VALUES]
        tags = _common_tags(ours, theirs)
        if tags is None or not all(choices.values()):
            return None
        for values in islice(product(*choices.values()), _MOST_WITNESSES):
            chosen = dict(zip(choices, values, strict=True))
            facts = self._subject(chosen, tags)
            if not facts.suspended and _both_match(left, right, facts):
                return _words(ours, chosen, tags)
        return None

    def _subject(self, chosen: dict[str, str], tags: dict[str, str]) -> SubjectFacts:
        facts = self._membership.facts(
            Subject(
                user=chosen.get("users", _NOBODY),
                instance=chosen.get("instances"),
                agent=chosen.get("agents"),
                context=chosen.get("contexts"),
                groups=(chosen["groups"],) if "groups" in chosen else (),
                tags=tags,
            )
        )
        return replace(facts, roles=facts.roles | {chosen["roles"]}) if "roles" in chosen else facts


def _for_user(user: User, facts: SubjectFacts) -> _Meets:
    return lambda left, right: f"the user `{user.metadata.name}`" if _both_match(left, right, facts) else None


class _Shelf:
    """Bases with the same keys, found by the values of any of them."""

    def __init__(self, keys: frozenset[str]) -> None:
        self._keys = keys
        self._all: list[_Base] = []
        self._by_value: dict[tuple[str, str], list[_Base]] = {}

    def add(self, base: _Base) -> None:
        self._all.append(base)
        for key in self._keys:
            for value in _values(base.conditions, key):
                self._by_value.setdefault((key, value), []).append(base)

    def partners(self, base: _Base, keys: frozenset[str]) -> list[_Base]:
        """Those that share a value of the key by which fewest do; all of them if both are for everyone."""
        shared = keys & self._keys
        if not shared:
            return self._all
        found = [
            [self._by_value.get((key, value), []) for value in _values(base.conditions, key)] for key in sorted(shared)
        ]
        fewest = min(found, key=lambda lists: sum(map(len, lists)))
        return list({item.policy.address: item for items in fewest for item in items}.values())


def _rank(policy: Policy) -> Rank:
    return (*specificity(policy.spec.applies_to), policy.spec.priority)


def _strongest(bases: Sequence[_Base]) -> list[list[_Base]]:
    """The bases by rank, without those that a stronger one always stands before."""
    always = [base.rank for base in bases if base.policy.spec.schedule is None and not _asks_about_call(base)]
    floor = max(always, default=(-1, 0, 0))
    groups: dict[Rank, list[_Base]] = {}
    for base in bases:
        if base.rank >= floor:
            groups.setdefault(base.rank, []).append(base)
    return [group for group in groups.values() if len(group) > 1]


def _asks_about_call(base: _Base) -> bool:
    selector = base.target.selector
    return any(item is not None and item.asks_about_call for item in (selector.conditions, selector.exception))


def _both_match(left: _Base, right: _Base, facts: SubjectFacts) -> bool:
    """Whether the subject can meet both through one agent and one context."""
    selectors = (left.target.selector, right.target.selector)
    possible = [selector.possible(facts) for selector in selectors]
    if not all(can for can, _ in possible):
        return False
    agents, contexts = (
        _options(given, [getattr(item.conditions, key, None) for item in selectors])
        for given, key in ((facts.agent, "agents"), (facts.context, "contexts"))
    )
    return any(
        all(
            selector.through(agent, context, excepted=excepted)
            for selector, (_, excepted) in zip(selectors, possible, strict=True)
        )
        for agent, context in product(agents, contexts)
    )


def _options(given: str | None, named: Sequence[frozenset[str] | None]) -> list[str | None]:
    """Values worth trying: the given one, else none at all and some that the selectors name."""
    if given is not None:
        return [given]
    return [None, *sorted({value for values in named for value in values or ()})[: _MOST_VALUES * 2]]


def _keys_of(conditions: Conditions | None) -> frozenset[str]:
    return frozenset(key for key in _KEYS if conditions is not None and getattr(conditions, key))


def _values(conditions: Conditions | None, key: str) -> list[str]:
    if conditions is None:
        return []
    if key == "tags":
        return [f"{tag}={value}" for tag, values in conditions.tags for value in sorted(values)]
    return sorted(getattr(conditions, key) or ())


def _common(ours: frozenset[str] | None, theirs: frozenset[str] | None) -> frozenset[str] | None:
    """What satisfies both; None if neither asks."""
    if ours is None or theirs is None:
        return ours or theirs
    return ours & theirs


def _common_tags(ours: Conditions, theirs: Conditions) -> dict[str, str] | None:
    """Tags that satisfy both; None if there are none, or if the two ask for different tags altogether."""
    left, right = dict(ours.tags), dict(theirs.tags)
    if left and right and not left.keys() & right.keys():
        return None
    tags: dict[str, str] = {}
    for tag in sorted(left.keys() | right.keys()):
        options = _common(left.get(tag), right.get(tag))
        if not options:
            return None
        tags[tag] = min(options)
    return tags


def _words(conditions: Conditions, chosen: dict[str, str], tags: dict[str, str]) -> str:
    """The subject by its most specific key."""
    key = next(key for key in _KEYS if getattr(conditions, key))
    if key == "tags":
        tag, value = next((tag, tags[tag]) for tag, _ in conditions.tags)
        return f"the tag `{tag}={value}`"
    return f"the {_SINGULAR[key]} `{chosen[key]}`"
