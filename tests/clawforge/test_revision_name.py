"""Naming revisions."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.errors import InputError, NotFoundError
from clawforge.revision_name import REVISION_NAME, is_revision_name, revision_number


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_counting_back_and_counting_on_meet(latest: int, back: int) -> None:
    if back > latest:
        with pytest.raises(NotFoundError):
            revision_number(f"latest~{back}", latest)
        return
    assert revision_number(f"latest~{back}", latest) == revision_number(str(latest - back), latest) == latest - back


def test_the_latest_and_the_beginning() -> None:
    assert (revision_number("latest", 7), revision_number("0", 7), revision_number("007", 7)) == (7, 0, 7)


@given(st.text(st.sampled_from("latest~0129 ^-٣"), max_size=10))
def test_the_pattern_of_the_wire_says_the_same(text: str) -> None:
    assert is_revision_name(text) == (re.fullmatch(REVISION_NAME, text) is not None)


@pytest.mark.parametrize(
    "text", ["", "x", "-1", "latest~", "latest~~", "latest^", "LATEST", "1.5", "٣", "1" * 16, "1\n"]
)
def test_what_names_no_revision(text: str) -> None:
    with pytest.raises(InputError, match="names no revision") as caught:
        revision_number(text, 9)
    assert caught.value.code == "bad-revision"


def test_a_revision_that_is_not_there_yet() -> None:
    with pytest.raises(NotFoundError, match="no revision 10: the latest is 9") as caught:
        revision_number("10", 9)
    assert caught.value.code == "unknown-revision"
