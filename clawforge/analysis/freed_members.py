"""Whom a change takes out of a group that is stopped by hand: they go on, which nobody would see in the policies."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from clawforge.analysis.meaning import MOST_LINES, MOST_NAMES
from clawforge.canonical import digest
from clawforge.meaning import AccessLine, Affected, AnswerWord, Meaning, VerdictWord, Via
from clawforge.overlay.standing import StandingOverlay
from clawforge.position import Positions
from clawforge.resolve.subject import Subject

KILL = "kill"
"""The kind of a line that says so, and of the switches it is about."""

_GROUP = "group:"
_VERDICTS: Mapping[AnswerWord, VerdictWord] = {"no": "looser", "yes": "mixed", "unknown": "unknown"}
"""Of a change that loosens, by whether it tightens as well."""

GroupsOf = Callable[[Subject], frozenset[str]]
"""The groups that a subject is in."""


@dataclass(frozen=True, slots=True)
class FreedMembers:
    """Who leaves a stopped group, and is stopped by nothing else: names of users and of instances, sorted."""

    group: str
    users: tuple[str, ...]
    instances: tuple[str, ...]


def freed_members(
    overlays: Iterable[StandingOverlay],
    subjects: Iterable[Subject],
    before: GroupsOf,
    after: GroupsOf,
    renamed: Mapping[str, str],
) -> tuple[FreedMembers, ...]:
    """Who goes on after a change, group by group. `renamed` are groups that get another name, with the later one; a
    switch follows them. A subject without an instance stands for its user."""
    scopes = {item.scope for item in overlays if item.kind in (KILL, "quarantine")}
    groups = {scope.removeprefix(_GROUP) for scope in scopes if scope.startswith(_GROUP)}
    if not groups or "org" in scopes:
        return ()
    later = {renamed.get(name, name) for name in groups}
    found: dict[str, tuple[set[str], set[str]]] = {}
    for subject in subjects:
        was = before(subject) & groups
        if not was or f"instance:{subject.instance}" in scopes or after(subject) & later:
            continue
        for name in was:
            users, instances = found.setdefault(name, (set(), set()))
            (users if subject.instance is None else instances).add(subject.instance or subject.user)
    return tuple(
        FreedMembers(name, tuple(sorted(users)), tuple(sorted(instances)))
        for name, (users, instances) in sorted(found.items())
    )


def with_freed(meaning: Meaning, freed: Iterable[FreedMembers], positions: tuple[Positions, Positions]) -> Meaning:
    """The meaning of a change that lets these go on: it loosens, whatever the policies say."""
    lines = tuple(_line(item, positions) for item in freed)
    if not lines:
        return meaning
    gains = (*lines, *meaning.gains)
    verdict = _VERDICTS[meaning.tightens]
    known = meaning.affected or Affected()
    affected = Affected(
        users=max(known.users, *(line.users for line in lines)),
        instances=max(known.instances, *(line.instances for line in lines)),
    )
    single = len(meaning.changes) == 1
    alone = tuple(
        item.model_copy(update={"verdict": verdict, "loosens": "yes"}) if single else item for item in meaning.changes
    )
    return meaning.model_copy(
        update={
            "verdict": verdict,
            "loosens": "yes",
            "gains": gains[:MOST_LINES],
            "omitted": meaning.omitted + max(len(gains) - MOST_LINES, 0),
            "affected": affected,
            "changes": alone,
        }
    )


def groups_freed(meaning: Meaning) -> tuple[str, ...]:
    """The stopped groups out of which a change takes somebody, by what it says of itself."""
    return tuple(name.removeprefix(_GROUP) for line in meaning.gains if line.kind == KILL for name in line.what)


def _line(freed: FreedMembers, positions: tuple[Positions, Positions]) -> AccessLine:
    address = f"Group/{freed.group}"
    names = sorted((*freed.users, *freed.instances))
    place = positions[1].get(address) or positions[0].get(address)
    via = Via(address=address) if place is None else Via(address=address, file=place.file, line=place.line)
    return AccessLine(
        kind=KILL,
        what=(f"{_GROUP}{freed.group}",),
        before="stopped",
        after="goes on",
        users=len(freed.users),
        instances=len(freed.instances),
        names=tuple(names[:MOST_NAMES]),
        everybody=digest({"names": names}) if len(names) > MOST_NAMES else None,
        via=(via,),
    )
