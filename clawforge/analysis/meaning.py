"""From two states to what the change between them means, as a plan says it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from clawforge.access.escalation import KINDS_WITH_RIGHTS, Gain
from clawforge.analysis.access_diff import AccessDiff, Line, access_diff
from clawforge.analysis.moments import ALWAYS, key_of
from clawforge.analysis.population import KnownInstance, Population
from clawforge.analysis.search import Direction, Witness
from clawforge.analysis.verdict import Judged, judge, judge_alone
from clawforge.analysis.world import World
from clawforge.canonical import digest
from clawforge.errors import InputError
from clawforge.meaning import (
    NO_MEANING,
    AccessLine,
    Affected,
    ChangeVerdict,
    Meaning,
    Via,
    WitnessCall,
)
from clawforge.position import Positions
from clawforge.resource.version_target import VersionTarget

MOST_LINES = 200
"""Lines of gains, and of losses, that a plan carries."""

MOST_NAMES = 10
"""People and machines that a line names."""

_MOST_ALONE = 40
_MOST_WORK_ALONE = 50_000
"""Changes that are judged by themselves: at most so many, and so many resources read for all of them together."""

_SUBJECTS_ALONE = 4_000


def meaning_of(
    world: World, positions: tuple[Positions, Positions], instances: Iterable[KnownInstance] = ()
) -> Meaning:
    """What the change between the two states of a world means. Positions are those before and after."""
    if not world.changed:
        return NO_MEANING
    judged = judge(world)
    try:
        diff = access_diff(world, Population(world, instances))
    except (InputError, OverflowError) as error:
        diff = AccessDiff((), frozenset(), frozenset())
        note = error.message if isinstance(error, InputError) else "too many schedules."
        judged = _with_unknown(judged, f"Who gains and who loses cannot be listed: {note}")
    gains = [_line(line, positions) for line in diff.lines if line.change.gain]
    losses = [_line(line, positions) for line in diff.lines if not line.change.gain]
    gains += _rights(judged.rights_gained, positions, ("", "held"))
    losses += _rights(judged.rights_lost, positions, ("held", ""))
    doubts = (*judged.looser.doubts, *judged.tighter.doubts, *judged.unknown)
    return Meaning(
        verdict=judged.verdict.value,
        loosens=judged.loosens.value,
        tightens=judged.tightens.value,
        looser=_witness(judged.looser),
        tighter=_witness(judged.tighter),
        gains=tuple(gains[:MOST_LINES]),
        losses=tuple(losses[:MOST_LINES]),
        omitted=max(len(gains) - MOST_LINES, 0) + max(len(losses) - MOST_LINES, 0),
        affected=Affected(users=len(diff.users), instances=len(diff.instances)),
        unknown=tuple(dict.fromkeys(doubts)),
        changes=_alone(world, judged),
        at=world.since,
    )


def is_timeless(world: World) -> bool:
    """Whether what the change means is the same at every moment: nothing opens, shuts, lapses, falls due or expires."""
    if any(address.partition("/")[0] in KINDS_WITH_RIGHTS for address in world.changed):
        return False
    if any(isinstance(item, VersionTarget) for side in world.resources for item in side.values()):
        return False
    return all(key_of(target) == ALWAYS for side in world.sides for target in side.index.targets)


def told_again(meaning: Meaning, positions: tuple[Positions, Positions], at: dt.datetime) -> Meaning:
    """The meaning of the same change in a timeless world, at another moment and with other places of what it names."""
    if meaning.at is None:
        return meaning
    again: dict[str, object] = {"at": at}
    for name in ("looser", "tighter"):
        witness = getattr(meaning, name)
        again[name] = None if witness is None else witness.model_copy(update={"at": at})
    for name in ("gains", "losses"):
        again[name] = tuple(_placed(line, positions) for line in getattr(meaning, name))
    return meaning.model_copy(update=again)


def _placed(line: AccessLine, positions: tuple[Positions, Positions]) -> AccessLine:
    return line.model_copy(update={"via": tuple(_via(item.address, positions) for item in line.via)})


def _with_unknown(judged: Judged, note: str) -> Judged:
    return Judged(judged.looser, judged.tighter, judged.rights_gained, judged.rights_lost, (*judged.unknown, note))


def _alone(world: World, judged: Judged) -> tuple[ChangeVerdict, ...]:
    """Each change judged by itself; a single one is the whole."""
    before, after = world.resources
    addresses = sorted(address for address in before.keys() | after.keys() if before.get(address) != after.get(address))
    if len(addresses) == 1:
        return (_change_verdict(addresses[0], judged),)
    if len(addresses) > _MOST_ALONE or len(addresses) * len(before.keys() | after.keys()) > _MOST_WORK_ALONE:
        return ()
    return tuple(_change_verdict(address, judge_alone(world, address, most=_SUBJECTS_ALONE)) for address in addresses)


def _change_verdict(address: str, judged: Judged) -> ChangeVerdict:
    return ChangeVerdict(
        address=address,
        verdict=judged.verdict.value,
        loosens=judged.loosens.value,
        tightens=judged.tightens.value,
    )


def _witness(direction: Direction) -> WitnessCall | None:
    return None if direction.witness is None else witness_call(direction.witness)


def witness_call(witness: Witness) -> WitnessCall:
    """A witness as documents carry it."""
    subject, call = witness.subject, witness.call
    setting = call.setting
    return WitnessCall(
        user=subject.user,
        instance=subject.instance,
        agent=subject.agent,
        context=subject.context,
        groups=subject.groups,
        tags=dict(subject.tags),
        claims=subject.claims,
        at=witness.at,
        tool=call.tool or None,
        params=call.example.shown,
        elevated=call.elevated,
        setting=None if setting is None else setting.path,
        before=call.before.word if setting is None else setting.before,
        after=call.after.word if setting is None else setting.after,
        home=call.example.home,
        workspace=call.example.workspace,
        versions=None if call.example.versions is None else dict(call.example.versions),
        out_of_range_since=call.example.out_of_range_since,
        note=call.example.note,
    )


def _line(line: Line, positions: tuple[Positions, Positions]) -> AccessLine:
    change, names = line.change, line.names
    return AccessLine(
        kind=change.kind,
        what=change.what,
        before=change.before,
        after=change.after,
        users=len(line.users),
        instances=len(line.instances),
        names=tuple(names[:MOST_NAMES]),
        everybody=digest({"names": sorted(names)}) if len(names) > MOST_NAMES else None,
        via=tuple(_via(address, positions) for address in change.via),
        agent=change.agent,
        context=change.context,
        at=change.at,
        tool=None if change.example is None else change.example.tool,
        params={} if change.example is None else change.example.example.shown,
    )


def _via(address: str, positions: tuple[Positions, Positions]) -> Via:
    """Where it stands now, or where it stood."""
    place = positions[1].get(address) or positions[0].get(address)
    return Via(address=address) if place is None else Via(address=address, file=place.file, line=place.line)


def _rights(found: Sequence[Gain], positions: tuple[Positions, Positions], words: tuple[str, str]) -> list[AccessLine]:
    """Permissions on the control plane, a line for each holder and origin."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for gain in found:
        grouped.setdefault((gain.holder, gain.right.via), []).append(str(gain.right))
    return [
        AccessLine(
            kind="permission",
            what=tuple(rights),
            before=words[0] or "not held",
            after=words[1] or "not held",
            users=1 if holder.startswith("user:") else 0,
            names=(holder,),
            via=(_via(via, positions),) if via else (),
        )
        for (holder, via), rights in sorted(grouped.items())
    ]
