"""Records: the bytes that are hashed are canonical, whatever stands in them."""

from __future__ import annotations

import datetime as dt
import math
from enum import StrEnum
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.canonical import canonical_bytes
from clawforge.ledger.event_class import EVENT_CLASSES, class_of
from clawforge.ledger.record import payload_bytes, plain, statement_bytes

AT = dt.datetime(2026, 11, 20, 12, 0, 0, 5, tzinfo=dt.UTC)
TEXT = st.text(max_size=20)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=10),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(max_size=5), children, max_size=4),
    max_leaves=12,
)


@given(TEXT, TEXT, TEXT, st.none() | TEXT, st.none() | st.integers(0, 2**53 - 1))
def test_a_statement_is_canonical_json(
    actor: str, action: str, outcome: str, target: str | None, revision: int | None
) -> None:
    data = statement_bytes("acme", 7, AT, "policy", actor, action, outcome, target, revision, bytes(32))
    document = orjson.loads(data)
    assert data == canonical_bytes(document)
    assert (document["seq"], document["at"], document.get("target")) == (7, "2026-11-20T12:00:00.000005Z", target)


@given(ANY)
def test_every_value_becomes_one_that_has_a_canonical_form(value: Any) -> None:
    made = plain(value)
    data = canonical_bytes(made)
    assert plain(orjson.loads(data)) == orjson.loads(data)


def test_what_has_no_canonical_form_becomes_text() -> None:
    class Colour(StrEnum):
        RED = "red"

    given_value = {"f": 0.5, "n": math.inf, "big": 2**60, "at": AT, "c": Colour.RED, "t": (1, {2}), "s": "\ud800"}
    assert plain(given_value) == {
        "f": "0.5",
        "n": "inf",
        "big": str(2**60),
        "at": "2026-11-20T12:00:00.000005Z",
        "c": "red",
        "t": [1, [2]],
        "s": "?",
    }


def test_what_is_nested_too_deeply_is_cut_off() -> None:
    value: Any = "x"
    for _ in range(5_000):
        value = [value]
    assert b"cut off" in canonical_bytes(plain(value))


def test_absent_and_empty_parts_of_a_payload_are_left_out() -> None:
    assert payload_bytes(detail={}) == b"{}"
    assert payload_bytes(detail={}, before=0, after=False) == b'{"after":false,"before":0}'


@pytest.mark.parametrize(
    ("action", "name"), [("plans:apply", "policy"), ("tokens:create", "access"), ("instances:revoke", "fleet")]
)
def test_the_class_follows_from_the_action(action: str, name: str) -> None:
    assert class_of(action) == name
    assert name in EVENT_CLASSES
