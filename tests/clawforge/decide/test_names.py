"""The algebra of name patterns against sets of names over a small alphabet."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.decide.names import PLUGINS, NameMatcher, NamePattern, intersect, matches, normalise, union

LETTERS = "abc"
STEMS = ["".join(letters) for size in range(4) for letters in product(LETTERS, repeat=size)]
UNIVERSE = [name + tail for name in STEMS if name for tail in ("", "x", "xy")]
"""Every name of up to three letters, and some longer ones: patterns are shorter, so each can be told from the
others."""

stems = st.text(LETTERS, max_size=3)
cores = st.frozensets(st.text(LETTERS, min_size=1, max_size=3), max_size=6)
patterns = st.one_of(
    stems.filter(bool),
    stems.map(lambda stem: f"{stem}*"),
    st.just(PLUGINS),
    stems.map(lambda stem: f"{PLUGINS}&{stem}*"),
)
lists = st.lists(patterns, max_size=5)


def _means(pattern: str, name: str, core: frozenset[str]) -> bool:
    """What the words of the design say, without the code."""
    if pattern.startswith(PLUGINS):
        return name not in core and name.startswith(pattern[len(PLUGINS) + 1 :].removesuffix("*"))
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _set(items: list[str] | tuple[str, ...], core: frozenset[str]) -> set[str]:
    return {name for name in UNIVERSE if any(_means(pattern, name, core) for pattern in items)}


@settings(max_examples=150, deadline=None)
@given(lists, cores)
def test_matching_is_what_the_words_say(items: list[str], core: frozenset[str]) -> None:
    matcher = NameMatcher(items, core)
    meant = _set(items, core)
    for name in UNIVERSE:
        expected = name in meant
        assert matches(items, name, core) == expected
        found = matcher.find(name)
        assert (found is not None) == expected
        assert found is None or (found in items and _means(found, name, core))


@settings(max_examples=150, deadline=None)
@given(lists, lists, cores)
def test_intersection_is_that_of_sets(left: list[str], right: list[str], core: frozenset[str]) -> None:
    met = intersect(left, right, core)
    assert _set(met, core) == _set(left, core) & _set(right, core)
    assert met == intersect(right, left, core) == normalise(met, core)


@settings(max_examples=100, deadline=None)
@given(lists, lists, lists, cores)
def test_union_and_the_laws(a: list[str], b: list[str], c: list[str], core: frozenset[str]) -> None:
    assert _set(union(a, b, core), core) == _set(a, core) | _set(b, core)
    assert intersect(a, a, core) == normalise(a, core)
    assert intersect(a, ["*"], core) == normalise(a, core)
    once, twice = intersect(intersect(a, b, core), c, core), intersect(a, intersect(b, c, core), core)
    assert _set(once, core) == _set(twice, core)


@settings(max_examples=150, deadline=None)
@given(lists, cores)
def test_the_canonical_form(items: list[str], core: frozenset[str]) -> None:
    canonical = normalise(items, core)
    assert _set(canonical, core) == _set(items, core)
    assert list(canonical) == sorted(set(canonical))
    assert normalise(reversed(items), core) == canonical
    parsed = [pattern for text in canonical if (pattern := NamePattern.parse(text)) is not None]
    for wide, narrow in product(parsed, repeat=2):
        assert wide is narrow or not wide.covers(narrow, core)


@settings(max_examples=150, deadline=None)
@given(patterns, patterns, cores)
def test_covering_is_being_a_superset(wide: str, narrow: str, core: frozenset[str]) -> None:
    left, right = NamePattern.parse(wide), NamePattern.parse(narrow)
    assert left is not None
    assert right is not None
    if left.covers(right, core):
        assert _set([narrow], core) <= _set([wide], core)
    elif right.open or not left.open:
        # A finite sample cannot show every missing name, but a pattern and what it does not cover differ as lists.
        assert normalise([wide], core) != normalise([wide, narrow], core)


def test_groups_that_were_not_expanded() -> None:
    assert NamePattern.parse("group:fs") is None
    assert normalise(["group:fs", "a", "*"]) == ("*", "group:fs")
    assert intersect(["group:fs"], ["*"]) == ()
    assert not matches(["group:fs"], "read")
    assert NameMatcher(["group:fs"]).unknown_groups == ("group:fs",)


def test_a_pattern_that_needs_no_catalogue_is_written_without_it() -> None:
    core = frozenset({"read"})
    assert intersect([PLUGINS], ["mcp__*"], core) == ("mcp__*",)
    assert intersect([PLUGINS], ["re*"], core) == (f"{PLUGINS}&re*",)
    assert intersect([PLUGINS], ["read", "ready"], core) == ("ready",)


def test_long_lists_meet_quickly() -> None:
    left = [f"tool_{number}" for number in range(4000)]
    assert len(intersect(left, [*left[2000:], "x*"])) == 2000
