"""Which lines win over others, against git's own reading of patterns: nobody stops being asked without being named."""

from __future__ import annotations

import pytest
from git_repository import Repository
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from owners_by_git import read_by_git

from clawforge.change_control import owner_precedence
from clawforge.change_control.owner_precedence import first_narrower, overruled


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository.at(tmp_path_factory.mktemp("reader"))


def numbers(before: list[str], *ours: str) -> list[int]:
    return [line.number for line in overruled(before, ours)]


@pytest.mark.parametrize(
    ("theirs", "ours", "meet"),
    [
        ("/.github/ @p", "* @a", True),
        ("* @p", "/fleet/ @a", True),
        ("*.md @p", "/fleet/ @a", True),
        ("docs/ @p", "/fleet/ @a", True),
        ("/docs/ @p", "/fleet/ @a", False),
        ("/fleet/*/x.yaml @p", "/fleet/**/y.yaml @a", True),
        ("/fleet/x.yaml @p", "/fleet/y.yaml @a", False),
        ("/fl?et/x @p", "/fleet/ @a", True),
        ("/fleet/team\\ a/ @p", "/fleet/team\\ a/ @a", True),
        ("/fleet/ @a", "/fleet/ @a @b", False),
        ("/fleet/", "/fleet/ @a", False),
        ("# /fleet/ @p", "/fleet/ @a", False),
        ("/fleet/ # @p", "/fleet/ @a", False),
        ("/fleet/[ab]/ @p", "/fleet/c/ @a", True),
        # Git means what lies deeper as well, the forge does not.
        ("/fleet/* @p", "/fleet/a/x.yaml @a", True),
    ],
)
def test_a_line_is_overruled_where_a_file_can_be_of_both(theirs: str, ours: str, meet: bool) -> None:
    assert numbers([theirs], ours) == ([0] if meet else [])


def test_a_line_that_wins_nowhere_loses_nothing() -> None:
    assert numbers(["/.github/ @p", "/docs/ @d", "* @all"], "* @a") == [2]
    assert numbers(["/.github/ @p", "/docs/ @d", "/.github/ @q"], "* @a") == [1, 2]
    # The file `a` is its own, of the folders the last line.
    assert numbers(["a @p", "a/ @q"], "a @us") == [0, 1]
    assert numbers(["a @p", "*/ @q"], "a @us") == [0, 1]


@pytest.mark.parametrize(
    ("present", "ours", "found"),
    [
        (["* @all", "", "/.github/ @p"], "* @a", 2),
        (["* @all"], "* @a", None),
        (["/* @root"], "* @a", 0),
        (["* @all", "/fleet/README.md @d"], "/fleet/ @a", 1),
        (["* @all", "/fleet/ @d", "*.md @m"], "/fleet/ @a", None),
        (["/.github/ @p", "* @all"], "* @a", None),
    ],
)
def test_the_first_line_of_which_nothing_would_be_left(present: list[str], ours: str, found: int | None) -> None:
    assert first_narrower(present, [ours]) == found


NAMES = st.sampled_from(["a", "b", ".github", "*", "**", "*.yaml", "x.yaml", "?.yaml", "a*", "team\\ a"])
PATTERNS = st.tuples(
    st.sampled_from(["", "/"]), st.lists(NAMES, min_size=1, max_size=3), st.sampled_from(["", "/"])
).map(lambda parts: f"{parts[0]}{'/'.join(parts[1])}{parts[2]}")
PATHS = st.lists(st.sampled_from(["a", "b", ".github", "team a", "ab", "x.yaml", "y.yaml"]), min_size=1, max_size=4)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    theirs=st.lists(PATTERNS, min_size=1, max_size=3),
    ours=st.lists(PATTERNS, min_size=1, max_size=2),
    paths=st.lists(PATHS.map("/".join), min_size=1, max_size=8, unique=True),
)
def test_whoever_is_not_asked_any_more_is_named(
    reader: Repository, theirs: list[str], ours: list[str], paths: list[str]
) -> None:
    before = [f"{pattern} @{number}" for number, pattern in enumerate(theirs)]
    behind = [f"{pattern} @us" for pattern in ours]
    named = {owner for line in overruled(before, behind) for owner in line.owners}
    once = read_by_git(reader, before, paths)
    then = read_by_git(reader, [*before, *behind], paths)
    for path in paths:
        assert set(once[path]) <= {*then[path], *named}, (path, before, behind)


def test_the_tests_of_who_is_named_would_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(owner_precedence, "_meet", lambda one, other: one == other)
    assert numbers(["/.github/ @p"], "* @a") == []
