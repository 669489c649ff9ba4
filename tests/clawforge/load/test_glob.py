"""Globs of `include` and `exclude`, against a brute-force reading of their definition."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.load.glob import Glob, check_glob


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("**", "a.yaml", True),
        ("**", "x/y/a.yaml", True),
        ("**", ".github/a.yaml", False),
        ("**", "x/.hidden/a.yaml", False),
        ("**", ".a.yaml", True),
        ("policies", "policies/x/a.yaml", True),
        ("policies/", "policies/a.yaml", True),
        ("policies", "policies/.x/a.yaml", False),
        ("policies/*.yaml", "policies/a.yaml", True),
        ("policies/*.yaml", "policies/x/a.yaml", False),
        ("policies/**/*.yaml", "policies/a.yaml", True),
        ("policies/**/*.yaml", "policies/x/y/a.yaml", True),
        ("policies/**/*.yaml", "other/a.yaml", False),
        ("**/test/**", "x/test/a.yaml", True),
        ("**/test/**", "test/a.yaml", True),
        (".github/*.yaml", ".github/a.yaml", True),
        ("*/a.yaml", ".github/a.yaml", False),
        ("a?[bc].yaml", "axc.yaml", True),
        ("a?[bc].yaml", "axd.yaml", False),
        ("a.yaml", "x/a.yaml", False),
        ("A.yaml", "a.yaml", False),
    ],
)
def test_table(text: str, path: str, expected: bool) -> None:
    assert Glob.compile(text).takes(path) is expected


@pytest.mark.parametrize("text", ["/etc", "../x", "a/../b", "./a", "a\\b", "", "/"])
def test_globs_that_leave_the_project_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"use a (relative )?path"):
        check_glob(text)


def test_a_pattern_full_of_stars_takes_no_time() -> None:
    assert not Glob.compile("/".join(["**", "*a*a*a*a*a*b"] * 20)).takes("/".join(["a" * 50] * 40))


def matches(pattern: list[str], names: list[str], folders: int) -> bool:
    """Whether the pattern is the whole of these names, of which the first so many are folders."""
    if not pattern:
        return not names
    hidden = bool(names) and folders > 0 and names[0].startswith(".")
    if pattern[0] == "**":
        return matches(pattern[1:], names, folders) or (
            bool(names) and not hidden and matches(pattern, names[1:], folders - 1)
        )
    return (
        bool(names)
        and fnmatch.fnmatchcase(names[0], pattern[0])
        and (not hidden or pattern[0].startswith("."))
        and matches(pattern[1:], names[1:], folders - 1)
    )


def naive(pattern: list[str], path: list[str]) -> bool:
    """Whether the pattern is the path or a folder around it, with no dot folder in between."""
    return any(
        matches(pattern, path[:count], len(path) - 1) and not any(name.startswith(".") for name in path[count:-1])
        for count in range(len(path) + 1)
    )


PARTS = st.sampled_from(["**", "*", "a", "b", "a*", ".c", "*b"])
NAMES = st.sampled_from(["a", "b", "ab", ".c", "cb"])


@settings(max_examples=150, deadline=None)
@given(st.lists(PARTS, min_size=1, max_size=4), st.lists(NAMES, min_size=1, max_size=4))
def test_matching_agrees_with_the_definition(parts: list[str], path: list[str]) -> None:
    glob = Glob.compile("/".join(parts))
    assert glob.takes("/".join(path)) is naive(parts, path)
    states = glob.start()
    for folder in path[:-1]:
        states = glob.enter(states, folder)
    if glob.takes("/".join(path)):
        assert states, "a folder that leads to a match must be entered"
