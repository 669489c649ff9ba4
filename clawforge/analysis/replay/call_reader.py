"""Reading recorded calls from lines of JSON, in whichever of three forms each line has.

An *audit event* is a record of the server's log, as the server answers it or as an export writes it: of the class
`call`, the user and the instance are the server's word, and `detail.data` is the agent's, `{"tool": "exec", "params":
{"command": "make"}}`. Without `tool` there, the record's target is the tool. With `paramsRedacted` the parameters
count as not recorded. A *plain call* is an object of `user`, `tool`, `params` and `at`, with `instance`, `agent`,
`context`, `groups`, `tags`, `effect` and `org` where they are known. Other keys mean nothing.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import orjson

from clawforge.analysis.replay.recorded_call import Fault, Misread, RecordedCall
from clawforge.resource.policy_test import Effect

LONGEST_LINE = 1024 * 1024
"""Bytes of a line without its end."""

_LONGEST_NAME = 256
_MOST_NAMES = 1_000
_MOST_INSTANCES = 100_000
_CLOCKS_DIFFER = dt.timedelta(minutes=5)
_FIRST_YEAR = 1970
_BOM = b"\xef\xbb\xbf"
_EFFECTS = {effect.value: effect for effect in Effect}


@dataclass(frozen=True, slots=True)
class Share:
    """One of several parts of a file, for one of several processes. Calls with the same parameters are in one part, so
    that each kind of call is decided in one process."""

    index: int = 0
    count: int = 1

    def of(self, lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
        """The lines of this part, with their numbers in the whole."""
        if self.count == 1:
            yield from enumerate(lines, start=1)
            return
        index, count = self.index, self.count
        for number, line in enumerate(lines, start=1):
            start = line.find(b'"params"')
            end = line.find(b"}", start, start + 256)
            mark = number if start < 0 else crc32(line[start : end if end > 0 else start + 256])
            if mark % count == index:
                yield number, line


WHOLE = Share()


class _FaultError(Exception):
    """The line holds no call."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class CallReader:
    """Reads lines of one org's calls. Never raises for what a line holds."""

    def __init__(self, org: str, now: dt.datetime) -> None:
        self._org = org
        self._latest = now + _CLOCKS_DIFFER
        self._instances: dict[str, str] = {}

    def read(self, lines: Iterable[bytes], share: Share = WHOLE) -> Iterator[RecordedCall | Misread]:
        """Every line of a share that is not blank, with or without its end, numbered from 1 in the whole."""
        for number, line in share.of(lines):
            line = line.strip()
            if number == 1:
                line = line.removeprefix(_BOM)
            if not line:
                continue
            try:
                document = _decoded(line)
                if "class" in document and "actor" in document:
                    yield self._audit_event(document, number)
                else:
                    yield self._plain(document, number)
            except _FaultError as error:
                yield Misread(number, error.fault)

    def _audit_event(self, record: dict[str, Any], number: int) -> RecordedCall:
        get = record.get
        if get("org", self._org) != self._org:
            raise _FaultError(Fault.OTHER_ORG)
        if record["class"] != "call":
            raise _FaultError(Fault.OTHER_RECORD)
        if get("payloadState", "present") != "present":
            raise _FaultError(Fault.PURGED)
        detail = _mapping(get("detail"))
        said = _mapping(detail.get("data"))
        outcome, tool = get("outcome"), said.get("tool")
        return RecordedCall(
            number,
            _name(detail.get("user"), Fault.NO_USER),
            _name(get("target") if tool is None else tool, Fault.NO_TOOL),
            _params(said),
            self._called_at(get("at"), get("claimed")),
            self._instance(record["actor"]),
            _optional(detail.get("agent")),
            _optional(detail.get("context")),
            None,
            None,
            _EFFECTS.get(outcome) if outcome.__class__ is str else None,
        )

    def _plain(self, call: dict[str, Any], number: int) -> RecordedCall:
        get = call.get
        if get("org", self._org) != self._org:
            raise _FaultError(Fault.OTHER_ORG)
        groups, tags, effect = get("groups"), get("tags"), get("effect")
        return RecordedCall(
            number,
            _name(get("user"), Fault.NO_USER),
            _name(get("tool"), Fault.NO_TOOL),
            _params(call),
            self._called_at(get("at"), None),
            _optional(get("instance")),
            _optional(get("agent")),
            _optional(get("context")),
            None if groups is None else _names(groups),
            None if tags is None else _pairs(tags),
            _EFFECTS.get(effect) if effect.__class__ is str else None,
        )

    def _instance(self, actor: Any) -> str:
        if not isinstance(actor, str):
            raise _FaultError(Fault.BAD_FIELD)
        known = self._instances.get(actor)
        if known is None:
            kind, _, name = actor.partition(":")
            if kind != "instance":
                raise _FaultError(Fault.BAD_FIELD)
            if len(self._instances) >= _MOST_INSTANCES:
                self._instances.clear()
            known = self._instances[actor] = _name(name, Fault.BAD_FIELD)
        return known

    def _called_at(self, written: Any, claimed: Any) -> dt.datetime:
        """When it was: what the agent says, who may send what it did later, but not before it did it."""
        at = _moment(written)
        if at > self._latest:
            raise _FaultError(Fault.FUTURE)
        if claimed is None or claimed == written:
            return at
        said = _moment(claimed)
        if said > at and said > at + _CLOCKS_DIFFER:
            raise _FaultError(Fault.FUTURE)
        return said


def _decoded(line: bytes) -> dict[str, Any]:
    if len(line) > LONGEST_LINE:
        raise _FaultError(Fault.TOO_LONG)
    try:
        document = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise _FaultError(_why_unreadable(line)) from None
    if document.__class__ is not dict:
        raise _FaultError(Fault.NOT_AN_OBJECT)
    try:
        same = orjson.dumps(document) == line
    except TypeError:
        raise _FaultError(Fault.TOO_DEEP) from None
    if not same:
        # Whoever wrote the line did not write it as we do, or it holds something that was dropped while reading.
        _refuse_repeated_keys(line)
    found: dict[str, Any] = document
    return found


def _why_unreadable(line: bytes) -> Fault:
    try:
        line.decode()
    except UnicodeDecodeError:
        return Fault.NOT_UTF8
    return Fault.BROKEN


def _refuse_repeated_keys(line: bytes) -> None:
    try:
        json.loads(line, object_pairs_hook=_without_repetition)
    except RecursionError:
        raise _FaultError(Fault.TOO_DEEP) from None
    except ValueError:
        raise _FaultError(Fault.BROKEN) from None


def _without_repetition(pairs: list[tuple[str, Any]]) -> None:
    if len(dict(pairs)) != len(pairs):
        raise _FaultError(Fault.DUPLICATE_KEY)


def _mapping(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _FaultError(Fault.BAD_FIELD)
    return value


def _params(holder: dict[str, Any]) -> dict[str, Any] | None:
    """The parameters as they were given, or None."""
    params = holder.get("params")
    if params is None or holder.get("paramsRedacted") not in (None, False):
        return None
    if not isinstance(params, dict):
        raise _FaultError(Fault.BAD_FIELD)
    return params


def _name(value: Any, missing: Fault) -> str:
    if value.__class__ is str and 0 < len(value) <= _LONGEST_NAME:
        name: str = value
        return name
    raise _FaultError(missing if value is None else Fault.BAD_FIELD)


def _optional(value: Any) -> str | None:
    return None if value is None else _name(value, Fault.BAD_FIELD)


def _names(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or len(values) > _MOST_NAMES:
        raise _FaultError(Fault.BAD_FIELD)
    return tuple(sorted({_name(value, Fault.BAD_FIELD) for value in values}))


def _pairs(values: Any) -> tuple[tuple[str, str], ...]:
    if not isinstance(values, dict) or len(values) > _MOST_NAMES:
        raise _FaultError(Fault.BAD_FIELD)
    return tuple(sorted((key, _name(value, Fault.BAD_FIELD)) for key, value in values.items()))


def _moment(value: Any) -> dt.datetime:
    if value is None:
        raise _FaultError(Fault.NO_TIME)
    try:
        at = dt.datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _FaultError(Fault.BAD_TIME) from None
    if at.tzinfo is None or at.year < _FIRST_YEAR:
        raise _FaultError(Fault.BAD_TIME)
    return at
