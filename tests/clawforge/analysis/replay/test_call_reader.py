"""Every line of a file of calls is a call, or is counted under the name of what is wrong with it."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.analysis.replay.call_reader import LONGEST_LINE, CallReader, Share
from clawforge.analysis.replay.recorded_call import MEANINGS, Doubt, Fault, Misread, RecordedCall
from clawforge.ledger.record import AuditEvent
from clawforge.resource.policy_test import Effect

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
AT = "2026-11-20T10:00:00Z"
HASH = "sha256:" + "0" * 64
PLAIN: dict[str, Any] = {"user": "dana", "tool": "exec", "params": {"command": "ls"}, "at": AT}
RECORD: dict[str, Any] = {
    "org": "acme",
    "seq": 7,
    "at": "2026-11-20T10:05:00Z",
    "class": "call",
    "actor": "instance:dana-laptop",
    "action": "call:decide",
    "outcome": "deny",
    "target": "exec",
    "payload": HASH,
    "leaf": HASH,
    "detail": {
        "sequence": 3,
        "user": "dana",
        "agent": "main",
        "context": "work",
        "data": {"tool": "exec", "params": {"command": "ls"}},
    },
    "claimed": AT,
}


def read(*lines: bytes | dict[str, Any]) -> list[RecordedCall | Misread]:
    written = [line if isinstance(line, bytes) else orjson.dumps(line) for line in lines]
    return list(CallReader("acme", NOW).read(line + b"\n" for line in written))


def one(line: bytes | dict[str, Any]) -> RecordedCall | Misread:
    (found,) = read(line)
    return found


def fault(line: bytes | dict[str, Any]) -> Fault:
    found = one(line)
    assert isinstance(found, Misread), found
    return found.fault


def without(document: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key not in keys}


def test_a_plain_call() -> None:
    more = {
        "instance": "i",
        "agent": "a",
        "context": "c",
        "groups": ["y", "x", "x"],
        "tags": {"b": "2", "a": "1"},
        "effect": "ask",
        "org": "acme",
        "unheard": "of",
    }
    at = dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)
    assert one(PLAIN) == RecordedCall(1, "dana", "exec", {"command": "ls"}, at)
    assert one(PLAIN | more) == RecordedCall(
        1, "dana", "exec", {"command": "ls"}, at, "i", "a", "c", ("x", "y"), (("a", "1"), ("b", "2")), Effect.ASK
    )


def test_a_record_of_the_servers_log() -> None:
    """Who called is the server's word, when is the agent's, for it may have sent what it did hours later."""
    at = dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)
    wanted = RecordedCall(1, "dana", "exec", {"command": "ls"}, at, "dana-laptop", "main", "work", recorded=Effect.DENY)
    assert one(RECORD) == wanted
    assert one(without(RECORD, "org")) == wanted
    answered = AuditEvent.model_validate_json(orjson.dumps(without(RECORD, "org")))
    assert one(orjson.dumps(answered.model_dump(mode="json", by_alias=True))) == wanted


def test_a_record_whose_detail_names_no_tool_is_of_its_target() -> None:
    record = RECORD | {"action": "tool:call", "target": "read", "detail": {"user": "dana", "data": {"ms": 3}}}
    found = one(record)
    assert isinstance(found, RecordedCall)
    assert (found.tool, found.params) == ("read", None)


def test_a_record_without_a_claimed_time_was_made_when_it_was_written() -> None:
    found = one(without(RECORD, "claimed"))
    assert isinstance(found, RecordedCall)
    assert found.at == dt.datetime(2026, 11, 20, 10, 5, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "line",
    [
        without(PLAIN, "params"),
        PLAIN | {"params": None},
        PLAIN | {"paramsRedacted": True},
        RECORD | {"detail": {"user": "dana", "data": {"tool": "exec"}}},
        RECORD | {"detail": {"user": "dana", "data": {"tool": "exec", "params": {}, "paramsRedacted": True}}},
        RECORD | {"detail": {"user": "dana"}},
    ],
)
def test_parameters_that_are_not_there_or_not_as_they_were_are_none(line: dict[str, Any]) -> None:
    found = one(line)
    assert isinstance(found, RecordedCall)
    assert found.params is None


def test_an_outcome_that_is_no_effect_says_nothing() -> None:
    for outcome in ("done", "refused", 3, None, ["deny"]):
        found = one(RECORD | {"outcome": outcome})
        assert isinstance(found, RecordedCall)
        assert found.recorded is None


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (b"{", Fault.BROKEN),
        (b'{"user": "dana"', Fault.BROKEN),
        (b'{"user":"\\ud800"}', Fault.BROKEN),
        (b'{"a":NaN}', Fault.BROKEN),
        (b"\x00", Fault.BROKEN),
        (b'{"user":"\xff"}', Fault.NOT_UTF8),
        (b"\xff\xfe{\x00", Fault.NOT_UTF8),
        (b'{"user":"' + b"x" * LONGEST_LINE + b'"}', Fault.TOO_LONG),
        (b'{"a":' * 300 + b"1" + b"}" * 300, Fault.TOO_DEEP),
        (b"[" * 100_000, Fault.BROKEN),
        (b'{"user":"dana","user":"mei","tool":"exec","params":{},"at":"%s"}' % AT.encode(), Fault.DUPLICATE_KEY),
        (b'{"user":"dana","tool":"exec","params":{"a":1, "a":1},"at":"%s"}' % AT.encode(), Fault.DUPLICATE_KEY),
        (b"[1]", Fault.NOT_AN_OBJECT),
        (b"7", Fault.NOT_AN_OBJECT),
        (b"null", Fault.NOT_AN_OBJECT),
        (RECORD | {"class": "policy", "actor": "user:ann"}, Fault.OTHER_RECORD),
        (RECORD | {"payloadState": "absent", "detail": {}}, Fault.PURGED),
        (RECORD | {"payloadState": "damaged", "detail": {}}, Fault.PURGED),
        (RECORD | {"org": "globex"}, Fault.OTHER_ORG),
        (PLAIN | {"org": "globex"}, Fault.OTHER_ORG),
        (PLAIN | {"org": 7}, Fault.OTHER_ORG),
        (without(PLAIN, "user"), Fault.NO_USER),
        (RECORD | {"detail": {"data": {"tool": "exec"}}}, Fault.NO_USER),
        ({}, Fault.NO_USER),
        (without(PLAIN, "tool"), Fault.NO_TOOL),
        (without(RECORD, "target") | {"detail": {"user": "dana"}}, Fault.NO_TOOL),
        (without(PLAIN, "at"), Fault.NO_TIME),
        (without(RECORD, "at"), Fault.NO_TIME),
        (PLAIN | {"user": ""}, Fault.BAD_FIELD),
        (PLAIN | {"user": 7}, Fault.BAD_FIELD),
        (PLAIN | {"user": "x" * 257}, Fault.BAD_FIELD),
        (PLAIN | {"tool": ["exec"]}, Fault.BAD_FIELD),
        (PLAIN | {"params": "ls"}, Fault.BAD_FIELD),
        (PLAIN | {"params": []}, Fault.BAD_FIELD),
        (PLAIN | {"groups": "eng"}, Fault.BAD_FIELD),
        (PLAIN | {"groups": [7]}, Fault.BAD_FIELD),
        (PLAIN | {"groups": ["x"] * 1_001}, Fault.BAD_FIELD),
        (PLAIN | {"tags": ["x"]}, Fault.BAD_FIELD),
        (PLAIN | {"tags": {"x": 1}}, Fault.BAD_FIELD),
        (PLAIN | {"instance": 7}, Fault.BAD_FIELD),
        (RECORD | {"actor": "user:ann"}, Fault.BAD_FIELD),
        (RECORD | {"actor": None}, Fault.BAD_FIELD),
        (RECORD | {"detail": "none"}, Fault.BAD_FIELD),
        (RECORD | {"detail": {"user": "dana", "data": [1]}}, Fault.BAD_FIELD),
        (PLAIN | {"at": "yesterday"}, Fault.BAD_TIME),
        (PLAIN | {"at": "2026-11-20T10:00:00"}, Fault.BAD_TIME),
        (PLAIN | {"at": 1_700_000_000}, Fault.BAD_TIME),
        (PLAIN | {"at": "0001-01-01T00:00:00Z"}, Fault.BAD_TIME),
        (PLAIN | {"at": "2026-11-20T12:05:01Z"}, Fault.FUTURE),
        (PLAIN | {"at": "9999-12-31T23:59:59-12:00"}, Fault.FUTURE),
        (RECORD | {"at": "9999-12-31T23:59:59Z"}, Fault.FUTURE),
        (RECORD | {"claimed": "2026-11-20T10:10:01Z"}, Fault.FUTURE),
        (RECORD | {"claimed": "soon"}, Fault.BAD_TIME),
    ],
)
def test_a_line_that_is_no_call_is_named(line: bytes | dict[str, Any], wanted: Fault) -> None:
    assert fault(line) is wanted


def test_every_fault_and_doubt_has_a_meaning() -> None:
    assert set(MEANINGS) == {*Fault, *Doubt}


def test_clocks_may_differ_by_five_minutes() -> None:
    assert isinstance(one(PLAIN | {"at": "2026-11-20T12:05:00Z"}), RecordedCall)
    assert isinstance(one(RECORD | {"claimed": "2026-11-20T10:10:00Z"}), RecordedCall)


def test_other_ways_to_write_the_same_are_read_alike() -> None:
    spaced = json.dumps(PLAIN).encode()
    reordered = orjson.dumps(dict(reversed(PLAIN.items())))
    quoted = orjson.dumps(PLAIN | {"note": 'a "quoted": colon', "umlaut": "ä"})
    escaped = json.dumps(PLAIN | {"umlaut": "ä"}).encode()
    calls = {str(one(line)) for line in (spaced, reordered, quoted, escaped, b"  " + spaced + b"\r")}
    assert len(calls) == 1


def test_lines_keep_their_numbers() -> None:
    found = read(b"\xef\xbb\xbf" + orjson.dumps(PLAIN), b"", b"  ", b"{", PLAIN)
    assert [item.line for item in found] == [1, 4, 5]
    assert isinstance(found[0], RecordedCall)


def test_numbers_without_bounds_and_much_nesting_are_read() -> None:
    deep: Any = {}
    for _ in range(100):
        deep = {"a": deep}
    big = b'{"user":"dana","tool":"exec","at":"%s","params":{"n":%s}}' % (AT.encode(), b"9" * 5_000)
    assert isinstance(one(PLAIN | {"params": deep}), RecordedCall)
    assert isinstance(one(big), RecordedCall | Misread)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_nothing_that_a_line_holds_raises(line: bytes) -> None:
    assert len(read(line)) <= 1 or b"\n" in line


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from((PLAIN, RECORD)), st.data())
def test_no_value_of_any_field_raises(document: dict[str, Any], data: st.DataObject) -> None:
    changed = dict(document)
    for key in data.draw(st.lists(st.sampled_from(sorted(document)), min_size=1, max_size=3)):
        changed[key] = data.draw(JSON)
    assert len(read(json.dumps(changed).encode())) == 1


@given(st.integers(1, 5), st.lists(st.sampled_from(("ls", "git status", 'echo "}"')), max_size=20))
def test_every_line_is_in_exactly_one_share_and_equal_parameters_are_together(count: int, commands: list[str]) -> None:
    lines = [orjson.dumps(PLAIN | {"params": {"command": command}}) for command in commands]
    lines += [orjson.dumps(without(PLAIN, "params")), b"{", b""]
    parts = [list(Share(index, count).of(lines)) for index in range(count)]
    assert sorted(line for part in parts for line in part) == list(enumerate(lines, start=1))
    for command in commands:
        assert sum(any(f'"{command}"'.encode() in line for _, line in part) for part in parts) <= 1
