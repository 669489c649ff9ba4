"""Taking in what agents report: exactly once, in any order, with what is missing said aloud.

Who sends is known from the credential; what an event says about that is not looked at. Nothing that an agent sends can
make it stuck: an event that cannot be read, or comes twice with two contents, is recorded as such and acknowledged.
"""

from __future__ import annotations

import bisect
import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from pydantic import ValidationError

from clawforge.errors import InputError
from clawforge.wire_audit import LARGEST_SEQUENCE, MOST_EVENTS, AgentEvent, SequenceRange, UploadAnswer
from clawforge_server.control_plane import ControlPlane
from clawforge_server.origin import Origin
from clawforge_server.store.audit_records import AgentStream
from clawforge_server.store.records import AuditEntry, InstanceRecord

_DIGEST_BYTES = 16
_MOST_RANGES = 1_000
_MOST_NAMED = 100
_GAP = "gap"


@dataclass(frozen=True, slots=True)
class Arrived:
    """One event as it came: `event` is None if it is no readable event."""

    seq: int
    digest: bytes
    event: AgentEvent | None


@dataclass(slots=True)
class _Outcome:
    """What becomes of an upload."""

    fresh: list[Arrived] = field(default_factory=list)
    repeated: int = 0
    conflicts: list[int] = field(default_factory=list)

    @property
    def unreadable(self) -> list[int]:
        """Fresh events that cannot be read."""
        return [item.seq for item in self.fresh if item.event is None]


def read_upload(value: Any) -> tuple[Arrived, ...]:
    """The events of a decoded body, at most 10,000 of them. Raises InputError for what is no upload.

    Only the sequence number has to be there: without it nothing could be acknowledged.
    """
    events = value.get("events") if isinstance(value, dict) else None
    if not isinstance(events, list) or set(value) != {"events"}:
        raise InputError("The body must be an object with the one field `events`, a list.", code="invalid-request")
    return tuple(_arrived(item, at) for at, item in enumerate(events[:MOST_EVENTS]))


def take_events(
    plane: ControlPlane, instance: InstanceRecord, arrived: tuple[Arrived, ...], *, origin: Origin | None = None
) -> UploadAnswer:
    """Store what is new, and answer when it is durable."""
    now = plane.clock.now()
    with plane.store.transaction() as transaction:
        streams = transaction.agent_streams
        before = streams.get(instance.org, instance.name)
        known: Mapping[int, bytes] = {}
        late = sorted({item.seq for item in arrived if item.seq <= before.highest})
        if late:
            known = streams.digests(instance.org, instance.name, late)
        outcome = _sorted_out(arrived, known)
        # What was here before counts as well: ranges that were joined name events that did arrive.
        after = advanced(before, sorted({item.seq for item in arrived}))
        entries = [_entry(instance, item, now, origin) for item in outcome.fresh if item.event is not None]
        entries += _remarks(instance, before, after, outcome, now, origin)
        if entries:
            transaction.audit.append_all(instance.org, entries)
        if outcome.fresh:
            streams.receive(instance.org, instance.name, [(item.seq, item.digest) for item in outcome.fresh])
        if after != before:
            streams.put(instance.org, instance.name, after)
    return UploadAnswer(
        acknowledged=after.highest,
        taken=len(arrived),
        stored=len(outcome.fresh),
        repeated=outcome.repeated,
        missing=tuple(SequenceRange(first=first, last=last) for first, last in after.missing),
        conflicts=tuple(outcome.conflicts),
        unreadable=tuple(outcome.unreadable),
    )


def advanced(stream: AgentStream, seqs: Iterable[int]) -> AgentStream:
    """The stream after these numbers, given in order, arrived for the first time."""
    highest, missing = stream.highest, list(stream.missing)
    for seq in seqs:
        if seq > highest:
            if seq > highest + 1:
                missing.append((highest + 1, seq - 1))
            highest = seq
            continue
        at = bisect.bisect_right(missing, (seq, LARGEST_SEQUENCE)) - 1
        if at >= 0 and missing[at][1] >= seq:
            missing[at : at + 1] = _without(missing[at], seq)
    return AgentStream(highest, _bounded(missing))


def _without(part: tuple[int, int], seq: int) -> list[tuple[int, int]]:
    first, last = part
    return [(low, high) for low, high in ((first, seq - 1), (seq + 1, last)) if low <= high]


def _bounded(missing: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """At most 1,000 ranges: the nearest ones become one. What lies between and did arrive is known by its receipt."""
    if len(missing) <= _MOST_RANGES:
        return tuple(missing)
    distances = sorted((after[0] - before[1], at) for at, (before, after) in enumerate(itertools.pairwise(missing)))
    joined = {at for _, at in distances[: len(missing) - _MOST_RANGES]}
    found: list[tuple[int, int]] = []
    for at, part in enumerate(missing):
        if at - 1 in joined:
            found[-1] = (found[-1][0], part[1])
        else:
            found.append(part)
    return tuple(found)


def _arrived(item: Any, at: int) -> Arrived:
    seq = item.get("seq") if isinstance(item, dict) else None
    if not isinstance(seq, int) or isinstance(seq, bool) or not 1 <= seq <= LARGEST_SEQUENCE:
        raise InputError(
            f"The event at index {at} has no usable sequence number.",
            hint="`seq` counts the instance's events from 1.",
            code="invalid-request",
        )
    try:
        text = orjson.dumps(item, option=orjson.OPT_SORT_KEYS)
    except TypeError:
        # Whole numbers beyond 64 bits, and text that is no Unicode, which only this one spells.
        text = json.dumps(item, sort_keys=True).encode()
    digest = hashlib.sha256(text).digest()[:_DIGEST_BYTES]
    try:
        return Arrived(seq, digest, AgentEvent.model_validate_json(text))
    except ValidationError:
        return Arrived(seq, digest, None)


def _sorted_out(arrived: tuple[Arrived, ...], known: Mapping[int, bytes]) -> _Outcome:
    outcome = _Outcome()
    seen: dict[int, bytes] = {}
    for item in sorted(arrived, key=lambda each: each.seq):
        earlier = known.get(item.seq) or seen.get(item.seq)
        if earlier is None:
            outcome.fresh.append(item)
            seen[item.seq] = item.digest
        elif earlier == item.digest:
            outcome.repeated += 1
        else:
            outcome.conflicts.append(item.seq)
    return outcome


def _entry(instance: InstanceRecord, item: Arrived, now: dt.datetime, origin: Origin | None) -> AuditEntry:
    event = item.event
    if event is None:
        raise LookupError("an unreadable event has no entry of its own")
    stamped = {"sequence": item.seq, "user": instance.user, "agent": event.agent, "context": event.context}
    return AuditEntry(
        at=now,
        actor=f"instance:{instance.name}",
        action=event.action,
        outcome=event.outcome,
        detail={**{key: value for key, value in stamped.items() if value is not None}, "data": event.detail},
        target=event.target,
        revision=event.revision,
        origin=origin,
        event_class=event.class_,
        claimed=event.at,
    )


def _remarks(
    instance: InstanceRecord,
    before: AgentStream,
    after: AgentStream,
    outcome: _Outcome,
    now: dt.datetime,
    origin: Origin | None,
) -> list[AuditEntry]:
    """What an auditor must know beside the events: numbers that were skipped, came late, twice, or unreadable."""
    opened = [part for part in after.missing if part[0] > before.highest]
    late = [item.seq for item in outcome.fresh if item.seq <= before.highest]
    found: list[tuple[str, dict[str, Any]]] = []
    if opened:
        found.append(("gaps:open", {"missing": opened[:_MOST_NAMED], "ranges": len(opened)}))
    if late:
        remaining = {"missing": after.missing[:_MOST_NAMED], "ranges": len(after.missing)}
        found.append(("gaps:close", {"arrived": late[:_MOST_NAMED], "events": len(late), **remaining}))
    if outcome.conflicts:
        found.append(
            ("events:conflict", {"sequences": outcome.conflicts[:_MOST_NAMED], "events": len(outcome.conflicts)})
        )
    if outcome.unreadable:
        digests = {str(item.seq): item.digest.hex() for item in outcome.fresh if item.event is None}
        named = dict(list(digests.items())[:_MOST_NAMED])
        found.append(("events:unreadable", {"digests": named, "events": len(digests)}))
    return [
        AuditEntry(
            at=now,
            actor=f"instance:{instance.name}",
            action=action,
            outcome="refused" if action.startswith("events:") else "done",
            detail={"user": instance.user, **detail},
            target=f"instance/{instance.name}",
            origin=origin,
            event_class=_GAP,
        )
        for action, detail in found
    ]
