"""Canonical JSON is RFC 8785 on what we allow, and refuses the rest."""

from __future__ import annotations

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from clawforge.canonical import canonical_bytes, digest
from clawforge.errors import InputError

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=25
)


@given(DOCUMENTS)
def test_equals_the_reference_implementation(document: object) -> None:
    assert canonical_bytes(document) == rfc8785.dumps(document)


@given(st.dictionaries(TEXT, LEAVES, min_size=2, max_size=6))
def test_the_order_of_keys_changes_no_byte(document: dict[str, object]) -> None:
    assert digest(document) == digest(dict(reversed(document.items())))


@pytest.mark.parametrize("value", [1.5, 2**53, -(2**53), {"a": [0.1]}, {1: "x"}, b"bytes", "\ud800", {"\ud800": 1}])
def test_what_has_no_exact_form_is_refused(value: object) -> None:
    with pytest.raises(InputError):
        canonical_bytes(value)


def test_depth_of_foreign_input_is_no_recursion_of_ours() -> None:
    deep: object = "leaf"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InputError):
        canonical_bytes(deep)
