"""Whether a range holds any version, against trying every version that can be written from a few parts."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.lint.version_span import holds_any
from clawforge.version_range import parse_range, version_key

NUMBERS = ("0", "1", "1.0", "1.0.1", "1.1", "2")
SUFFIXES = ("", "-1", "-2", "-A", "-a", "-a.0", "-a.0.0", "-a.1", "-b")
BOUNDS = tuple(number + suffix for number, suffix in product(NUMBERS, SUFFIXES))
# Successors of bounds are written with these as well, so that the enumeration is complete for ranges over bounds.
MORE = ("-3", "-4", "-5", "-6", "-A.0", "-A.0.0", "-a.0.0.0", "-a.0.0.0.0", "-a.1.0", "-a.1.0.0", "-b.0", "-b.0.0")
VERSIONS = tuple(number + suffix for number, suffix in product((*NUMBERS, "0.0.0.1", "3"), (*SUFFIXES, *MORE)))
COMPARISONS = st.builds(str.__add__, st.sampled_from((">=", "<=", ">", "<", "==", "!=")), st.sampled_from(BOUNDS))
RANGES = st.lists(COMPARISONS, min_size=1, max_size=4).map(" ".join)


@settings(max_examples=400, deadline=None)
@given(RANGES, st.lists(st.sampled_from(BOUNDS), max_size=3))
def test_a_range_holds_a_version_exactly_if_one_can_be_found(text: str, denied: list[str]) -> None:
    excluded = {version_key(item) for item in denied}
    versions = parse_range(text)
    found = [item for item in VERSIONS if versions.contains(item) and version_key(item) not in excluded]
    assert holds_any(text, denied) == bool(found)


@pytest.mark.parametrize(
    ("text", "denied", "holds"),
    [
        (">=2026.9.1 <2027", (), True),
        (">=2027 <2026.9.1", (), False),
        (">1.0 <1.0-1", (), False),
        (">1.0 <1.0-2", (), True),
        (">1.0 <1.0-2", ("1-1",), False),
        ("<0-A", (), False),
        ("<=0-A", (), True),
        ("<0", (), True),
        ("1.0 ==1", (), True),
        ("1.0 1.1", (), False),
        (">=1 <=1 !=1", (), False),
        (">=1-a <1-a.0", (), True),
        (">=1-a <1-a.0", ("1-a",), False),
        ("==1", ("no version", ">1"), True),
    ],
)
def test_ranges_by_hand(text: str, denied: tuple[str, ...], holds: bool) -> None:
    assert holds_any(text, denied) is holds
