"""Why a targeted resource is for a subject at a moment, or is not."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from clawforge.effective import Source
from clawforge.load.pointer import escape
from clawforge.position import Positions
from clawforge.resolve.membership import SubjectFacts
from clawforge.resolve.org import OrgModel
from clawforge.resolve.provenance import located
from clawforge.resolve.selector import EVERYONE, Conditions, specificity
from clawforge.resolve.targets import Target
from clawforge.resource.meta import Strict
from clawforge.resource.policy import Policy
from clawforge.resource.skill_approval import SkillApproval

_MOST_NAMED = 5


class KeyMatch(Strict):
    """A key of a selector that holds, the values by which it does, and where those are written.

    `key` is `everyone` for a resource that is for everybody, and `tags.NAME` for a tag.
    """

    key: str
    values: tuple[str, ...] = ()
    places: tuple[Source, ...]


class Hit(Strict):
    """A resource that counts for the subject, and why. `mode` and `enforcement` are those of a policy; `specificity` is
    the most specific key of its selector."""

    address: str
    mode: str | None = None
    enforcement: str | None = None
    specificity: str
    keys: tuple[KeyMatch, ...]
    source: Source


class Miss(Strict):
    """A resource that does not count for the subject, and why not, in a phrase."""

    address: str
    mode: str | None = None
    code: Literal["not-selected", "excepted", "suspended", "outside-schedule", "review-overdue"]
    message: str
    source: Source


def hits_and_misses(
    org: OrgModel, facts: SubjectFacts, at: dt.datetime, positions: Positions
) -> tuple[tuple[Hit, ...], tuple[Miss, ...]]:
    """Every targeted resource of the org, by address. Raises InputError for a moment without a zone."""
    matched = frozenset(org.matching(facts, at))
    hits = (_hit(org, target, facts, positions) for target in org.index.targets if target.address in matched)
    misses = (_miss(target, facts, at, positions) for target in org.index.targets if target.address not in matched)
    return tuple(hits), tuple(misses)


def _hit(org: OrgModel, target: Target, facts: SubjectFacts, positions: Positions) -> Hit:
    resource = target.resource
    policy = resource.spec if isinstance(resource, Policy) else None
    return Hit(
        address=target.address,
        mode=None if policy is None else policy.mode.value,
        enforcement=None if policy is None else policy.enforcement.value,
        specificity=specificity(resource.spec.applies_to).key,
        keys=_keys(org, target, facts, positions),
        source=located(Source(resource=target.address), positions),
    )


def _keys(org: OrgModel, target: Target, facts: SubjectFacts, positions: Positions) -> tuple[KeyMatch, ...]:
    conditions = target.selector.conditions
    if conditions is None:
        place = Source(resource=target.address, pointer="/spec/appliesTo")
        return (KeyMatch(key=EVERYONE, places=(located(place, positions),)),)
    found = []
    for part in conditions.parts():
        values = part.holding(facts)
        pointers = [pointer for value in values for pointer in _pointers(org, target, part.key, value)]
        places = tuple(located(Source(resource=target.address, pointer=pointer), positions) for pointer in pointers)
        found.append(KeyMatch(key=part.key, values=values, places=places))
    return tuple(found)


def _pointers(org: OrgModel, target: Target, key: str, value: str) -> list[str]:
    """Where a value of the selector is written; a user may stand there by email."""
    applies_to = target.resource.spec.applies_to
    if isinstance(applies_to, str):
        return []
    kind, _, tag = key.partition(".")
    written = applies_to.tags[tag] if tag else getattr(applies_to, kind)
    root = f"/spec/appliesTo/{kind}" + (f"/{escape(tag)}" if tag else "")
    name = org.membership.user_name if kind == "users" else str
    return [f"{root}/{index}" for index, item in enumerate(written) if name(item) == value]


def _miss(target: Target, facts: SubjectFacts, at: dt.datetime, positions: Positions) -> Miss:
    code, message = _reason(target, facts, at)
    resource = target.resource
    return Miss.model_validate(
        {
            "address": target.address,
            "mode": resource.spec.mode.value if isinstance(resource, Policy) else None,
            "code": code,
            "message": message,
            "source": located(Source(resource=target.address), positions),
        }
    )


def _reason(target: Target, facts: SubjectFacts, at: dt.datetime) -> tuple[str, str]:
    """In the order in which the resolver asks."""
    conditions, exception = target.selector.conditions, target.selector.exception
    if conditions is not None and not conditions.holds(facts):
        return "not-selected", f"asks for {_first_that_fails(conditions, facts)}"
    if exception is not None and exception.holds(facts):
        return "excepted", f"excepts {_all_that_hold(exception, facts)}"
    if target.holds_at(at):
        return "suspended", "a suspended user matches no base"
    resource = target.resource
    if target.lapses is not None and at >= target.lapses and isinstance(resource, SkillApproval):
        return "review-overdue", f"its review was due by {resource.spec.review_by}"
    return "outside-schedule", "its schedule is shut at that moment"


def _first_that_fails(conditions: Conditions, facts: SubjectFacts) -> str:
    part = next(part for part in conditions.parts() if not part.alone.holds(facts))
    values = sorted(part.values)
    more = f" or {len(values) - _MOST_NAMED} more" if len(values) > _MOST_NAMED else ""
    return f"{part.key} {', '.join(values[:_MOST_NAMED])}{more}"


def _all_that_hold(exception: Conditions, facts: SubjectFacts) -> str:
    return " with ".join(f"{part.key} {', '.join(part.holding(facts))}" for part in exception.parts())
