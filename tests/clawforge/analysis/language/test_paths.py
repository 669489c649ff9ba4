"""Combinations of path globs against every path over a few names, with the home and the workspace anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.analysis.language.budget import MOST_STEPS, Budget, TooComplexError
from clawforge.analysis.language.paths import PathExample, PathVectors, path_vectors
from clawforge.analysis.language.word_machine import WordMachine
from clawforge.decide.paths import GlobList, NameGlob, is_in_workspace
from clawforge.decide.resolved_path import Anchor, ResolvedPath, Surroundings, readings, surroundings

Names = tuple[str, ...]
Lists = tuple[tuple[str, ...], ...]

NAMES = ("a", "A", "b", "ab", "aB", "ß")
PATHS: list[Names] = [
    *(names for count in range(3) for names in product(NAMES, repeat=count)),
    *product("aA", repeat=3),
]
ELSEWHERE = ("z", "z")

PIECE = st.sampled_from(("a", "b", "A", "ss", "*", "?", "[ab]", "[!a]", "[^A-Z]", "[B-b]"))
NAME = st.one_of(st.sampled_from(("a", "b", "*", "**", "AB")), st.lists(PIECE, min_size=1, max_size=3).map("".join))
GLOB = st.builds(
    lambda start, names: start + "/".join(names),
    st.sampled_from(("/", "", "~/", "$WORKSPACE/", "**/")),
    st.lists(NAME, max_size=3),
).map(lambda text: text or "~")
LISTS = st.lists(st.lists(GLOB, max_size=3).map(tuple), max_size=3).map(tuple)


def vectors(*lists: Sequence[str]) -> PathVectors:
    return path_vectors([tuple(globs) for globs in lists], Budget())


def truths(lists: Sequence[GlobList], path: ResolvedPath, around: Surroundings) -> tuple[bool, ...]:
    matched = (globs.find(path, around) is not None for globs in lists)
    return (*matched, is_in_workspace(path, around))


def places(names: Names, *, respelled: bool) -> Iterator[Names]:
    """Everywhere that makes a difference."""
    yield ELSEWHERE
    for length in range(len(names) + 1):
        yield names[:length]
        if respelled:
            yield tuple(name.swapcase() for name in names[:length])


def all_vectors(lists: Lists) -> set[tuple[bool, ...]]:
    compiled = [GlobList(globs) for globs in lists]
    asks_home = any(text.startswith("~") for globs in lists for text in globs)
    asks_workspace = any(text.startswith("$WORKSPACE") for globs in lists for text in globs)
    found = set()
    for names in PATHS:
        path = ResolvedPath(Anchor.ROOT, names)
        homes = places(names, respelled=False) if asks_home else (ELSEWHERE,)
        workspaces = places(names, respelled=True) if asks_workspace else (ELSEWHERE, ())
        found.update(truths(compiled, path, Surroundings(*around)) for around in product(homes, tuple(workspaces)))
    return found


def example_truths(lists: Lists, example: PathExample) -> tuple[bool, ...]:
    around = surroundings(example.home, example.workspace)
    meanings = readings(example.path, around)
    compiled = [GlobList(globs) for globs in lists]
    [vector] = {truths(compiled, path, around) for path in meanings}
    return vector


def check_against_all(lists: Lists) -> None:
    found = vectors(*lists)
    assert not found.unverified
    for vector, example in found.found.items():
        assert example_truths(lists, example) == vector
    assert all_vectors(lists) <= set(found.found)


@settings(max_examples=300, deadline=None)
@given(LISTS)
def test_no_path_is_forgotten(lists: Lists) -> None:
    check_against_all(lists)


def test_examples_lie_in_usual_places() -> None:
    found = vectors(["~/.ssh/**"], ["$WORKSPACE/.git/**"])
    assert found.found[False, False, False] == PathExample("/", "/home/user", "/home/user/workspace")
    assert found.found[False, False, True].path == "/home/user/workspace"
    assert found.found[True, False, False] == PathExample("/home/user/.ssh", "/home/user", "/home/user/workspace")
    assert found.found[False, True, True].path == "/home/user/workspace/.git"


def test_nothing_asked_is_in_the_workspace_or_not() -> None:
    assert set(vectors().found) == {(False,), (True,)}
    assert set(vectors([]).found) == {(False, False), (False, True)}


def test_a_folder_covers_what_lies_below_it() -> None:
    assert set(vectors(["/srv/app"], ["/srv/app/**"]).found) == {
        (truth, truth, inside) for truth in (False, True) for inside in (False, True)
    }
    assert (False, True, False) not in vectors(["/srv/**"], ["/srv/app/config"]).found


def test_anywhere_below() -> None:
    found = vectors(["**/secrets/*.yaml"], ["/srv/*/secrets/**"], ["secrets"])
    assert found.found[True, True, True, False].path == "/srv/x/secrets/x.yaml"
    assert not any(vector[0] and not vector[2] for vector in found.found)


def test_the_home_may_lie_in_the_workspace_and_the_workspace_in_the_home() -> None:
    found = vectors(["~/a"], ["$WORKSPACE/a/b"], ["~/c"], ["$WORKSPACE/b"])
    inside = found.found[True, True, False, False, True]
    assert (inside.home, inside.workspace) == ("/home/user/workspace", "/home/user/workspace") or (
        inside.home == inside.workspace
    )
    within = found.found[True, False, False, True, True]
    assert within.workspace == f"{within.home.rstrip('/')}/a"


def test_a_glob_means_the_workspace_in_another_case_too() -> None:
    """The rule that keeps to the workspace does not: such a path is outside, and still meant by the glob."""
    example = vectors(["$WORKSPACE/.git"]).found[True, False]
    assert example.path.casefold().startswith(example.workspace.casefold())
    assert not example.path.startswith(example.workspace)
    assert (True, False) not in vectors(["/1/2"], ["$WORKSPACE/**", "/[!1]*", "/1/[!2]*"]).found


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("/A", "/a", {(True, True), (False, False)}),
        ("/[ab]", "/[AB]", {(True, True), (False, False)}),
        ("/[!a]", "/?", {(True, True), (False, True), (False, False)}),
        ("/[!A]", "/[!a]", {(True, True), (True, False), (False, False)}),
        ("/stra\u00dfe", "/STRASSE", {(True, True), (False, False)}),
        ("/?", "/??", {(True, True), (True, False), (False, True), (False, False)}),
        ("/[", "/[[]", {(True, True), (False, False)}),
        ("/a\\*", "/a*", {(True, True), (False, True), (False, False)}),
        ("/..", "/.", {(False, False)}),
        ("/?", "/[!.]", {(True, True), (False, False)}),
    ],
)
def test_case_and_sets(one: str, other: str, expected: set[tuple[bool, bool]]) -> None:
    assert {vector[:2] for vector in vectors([one], [other]).found} == expected


def test_together_globs_can_cover_what_none_covers_alone() -> None:
    rest = ["/", "/[!a-z]*", "/[a-y]*", "/z?*", "/z"]
    assert {vector[:2] for vector in vectors(["/**"], rest).found} == {(True, True)}


PATHOLOGICAL = {
    "stars": [f"**/*{a}*{b}*/**/*{c}*{b}*/{n}" for n, (a, b, c) in enumerate(product("abcdef", repeat=3))],
    "names": ["**/" + "/".join((*names, str(n))) for n, names in enumerate(product("ab*", repeat=6))],
    "sets": [f"**/[!{a}]*[{b}-z]?[^{c}]*/{n}" for n, (a, b, c) in enumerate(product("abcdef", repeat=3))],
}


@pytest.mark.parametrize("globs", PATHOLOGICAL.values(), ids=PATHOLOGICAL)
def test_what_is_too_complex_is_given_up(globs: list[str]) -> None:
    with pytest.raises(TooComplexError):
        path_vectors([tuple(globs), tuple(f"{glob}/z" for glob in globs)], Budget(MOST_STEPS // 5))


def test_many_globs_that_lead_to_the_same_are_not_told_apart() -> None:
    words = [f"{a}{b}{c}" for a, b, c in product("abcdef", repeat=3)]
    found = vectors([f"**/*{word}*" for word in words], ["**/*abc*"])
    assert {vector[:2] for vector in found.found} == {(False, False), (True, False), (True, True)}


def test_the_enumeration_would_notice_a_forgotten_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    real = WordMachine.ahead

    def without_what_stays(
        machine: WordMachine[NameGlob], state: int, budget: Budget
    ) -> tuple[dict[NameGlob, int], int]:
        return real(machine, state, budget)[0], 0

    lists = (("/a",), ("/a/b",))
    check_against_all(lists)
    monkeypatch.setattr(WordMachine, "ahead", without_what_stays)
    with pytest.raises(AssertionError):
        check_against_all(lists)
