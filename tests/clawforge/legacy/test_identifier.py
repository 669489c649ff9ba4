"""Ids of the old API."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from clawforge.legacy.identifier import event_id, event_number, holder_id, org_id, thing_id, user_id


def test_ids_are_made_of_names_alone() -> None:
    assert org_id("acme") == "bd3e7286-2ad3-5b73-95a7-0d284904348b"
    assert user_id("acme", "dev") == "662e709c-9d4b-55b3-bbb3-1d0ffde56696"
    assert holder_id("acme", "user:dev") == user_id("acme", "dev")
    assert len({user_id("acme", "dev"), user_id("other", "dev"), holder_id("acme", "owner"), org_id("acme")}) == 4
    assert uuid.UUID(thing_id("acme", "token", "x")).version == 5


@given(st.integers(1, 2**48 - 1))
def test_the_id_of_a_record_holds_its_number(seq: int) -> None:
    text = event_id("acme", seq)
    assert event_number("acme", text) == seq
    assert event_number("other", text) is None


def test_other_ids_are_of_no_record() -> None:
    for text in ("", "x", event_id("acme", 0), str(uuid.UUID(int=5)), user_id("acme", "dev")):
        assert event_number("acme", text) is None
