"""Path globs against an independent oracle, and what a path in a call may mean."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.decide.paths import GlobList, PathGlob, is_in_workspace
from clawforge.decide.resolved_path import UNKNOWN_PATH, Anchor, ResolvedPath, readings, surroundings

HERE = surroundings("/home/alice", "/home/alice/project")
NOWHERE = surroundings(None, None)
WINDOWS = surroundings("C:\\Users\\alice", "C:\\Users\\alice\\project")

NAMES = ("a", "ab", "b", "ba", ".x")
glob_names = st.sampled_from(["a", "b", "*", "?", "a*", "*b", "[ab]", "[!a]*", "**", "*a*", "?b"])
globs = st.lists(glob_names, min_size=1, max_size=5).map(lambda names: "/" + "/".join(names))
paths = st.lists(st.sampled_from(NAMES), max_size=5).map(tuple)


def _oracle(glob: str, names: tuple[str, ...]) -> bool:
    """By a regular expression, tried on every folder above the path."""
    expression = ""
    for name in glob.strip("/").split("/"):
        if name == "**":
            expression += "(/[^/]+)*"
        else:
            pieces = {"*": "[^/]*", "?": "[^/]"}
            body = re.sub(r"\[!", "[^", name)
            expression += "/" + "".join(
                pieces.get(c, c) if c in "*?" else re.escape(c) if c not in "[]^" else c for c in body
            )
    text = "".join(f"/{name}" for name in names)
    above = ["".join(f"/{name}" for name in names[:count]) for count in range(len(names))]
    return any(re.fullmatch(expression, candidate) for candidate in [*above, text])


@settings(max_examples=150, deadline=None)
@given(globs, paths)
def test_globs_match_as_the_oracle_does(glob: str, names: tuple[str, ...]) -> None:
    assert PathGlob.parse(glob).matches(ResolvedPath(Anchor.ROOT, names), HERE) == _oracle(glob, names)


def _denied(glob: str, path: str, around: object = HERE) -> bool:
    assert isinstance(around, type(HERE))
    return any(GlobList([glob]).find(reading, around) for reading in readings(path, around))


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("~/.ssh/**", "~/.ssh/id"),
        ("~/.ssh/**", "/home/alice/.ssh"),
        ("~/.ssh", "/home/alice/.ssh/a/b"),
        ("~/.ssh/**", "${HOME}/.ssh/id"),
        ("~/.ssh/**", "$HOME/.ssh/id"),
        ("~/.ssh/**", "../.ssh/id"),
        ("~/.ssh/**", "/home/alice/../alice/./.ssh//id"),
        ("~/.ssh/**", "/HOME/Alice/.SSH/id"),
        ("~/.ssh/**", "~\\.ssh\\id"),
        ("~/.ssh/**", "file:///home/alice/.ssh/id"),
        ("~/.ssh/**", "file://localhost/home/alice/%2essh/id"),
        ("~/.ssh/**", "@/home/alice/.ssh/id"),
        ("~/.ssh/**", " /home/alice/.ssh/id "),
        ("~", "/home/alice/x"),
        ("$WORKSPACE/secret", "secret/x"),
        ("$WORKSPACE", "x"),
        ("**/.env", "/a/b/.env"),
        ("**/.env", ".env/x"),
        ("/a/**/z", "/a/z"),
        ("/a/**/z", "/a/b/c/z"),
        ("/**", "/"),
        ("/caf\u00e9", "/cafe\u0301"),
        ("/\u00c9t\u00e9", "/e\u0301te\u0301/x"),
        ("/a\\*", "/a*"),
        ("/[", "/["),
        ("/[]a]", "/]"),
        ("/[a-c]x", "/Bx"),
        ("/etc", "~bob/x"),
        ("/etc", "$SECRET_PLACE/x"),
        ("/etc", "a\x00b"),
        ("/etc", "x" * 5000),
        ("/etc", "\ud800"),
    ],
)
def test_a_path_that_is_meant(glob: str, path: str) -> None:
    assert _denied(glob, path)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("~/.ssh/**", "/home/bob/.ssh/id"),
        ("~/.ssh/**", "/home/alice/.sshx"),
        ("/a/*/z", "/a/b/c/z"),
        ("/a\\*", "/ab"),
        ("/a/b", "/a"),
        ("**/.env", "/a/.envrc"),
        ("/etc", "routes/$id.tsx"),
        ("/[!a]", "/"),
        ("/a?", "/a"),
    ],
)
def test_a_path_that_is_not_meant(glob: str, path: str) -> None:
    assert not _denied(glob, path)


def test_windows() -> None:
    for path in (
        "C:\\Windows\\x", "c:/windows/x", "\\Windows\\x", "/windows/x", "C:\\Windows.\\x", "C:\\WINDOWS \\x",
        "\\\\?\\C:\\Windows\\x", "C:\\Windows:stream", "C:\\x\\..\\Windows", "..\\..\\..\\Windows", "C:\\WINDOW~1\\x",
        "C:x", "file:///C:/Windows/x",
    ):  # fmt: skip
        assert _denied("/c:/Windows/**", path, WINDOWS), path
    assert not _denied("/c:/Windows/**", "D:\\Windows", WINDOWS)
    assert not _denied("/c:/Windows/**", "C:\\Users", WINDOWS)
    inside = readings("C:\\USERS\\Alice\\project\\x", WINDOWS)
    assert all(is_in_workspace(path, WINDOWS) for path in inside)
    assert not any(is_in_workspace(path, WINDOWS) for path in readings("\\\\server\\share", WINDOWS))


def test_unknown_places_fail_closed() -> None:
    assert _denied("~/.ssh/**", "/root/.ssh/id", NOWHERE)
    assert not _denied("~/.ssh/**", "/etc/hosts", NOWHERE)
    assert _denied("~/.ssh/**", "~/.ssh/id", NOWHERE)
    assert not _denied("~/.ssh/**", "~/x", NOWHERE)
    assert _denied("/etc/**", "~/x", NOWHERE)
    assert _denied("/etc/**", "x", NOWHERE)
    assert not _denied("$WORKSPACE/a", "b", NOWHERE)
    assert _denied("$WORKSPACE/a", "../b", NOWHERE)
    assert surroundings("relative", "~/x") == NOWHERE


@pytest.mark.parametrize("path", ["", ".", "a", "a/../b", "/home/alice/project", "/home/alice/project/"])
def test_inside_of_the_workspace(path: str) -> None:
    assert all(is_in_workspace(reading, HERE) for reading in readings(path, HERE))


@pytest.mark.parametrize(
    "path", ["..", "a/../../b", "/", "~", "/home/alice/projects", "~bob", "..\\x", "C:\\x", "@/etc"]
)
def test_outside_of_the_workspace(path: str) -> None:
    assert not all(is_in_workspace(reading, HERE) for reading in readings(path, HERE))


def test_an_unknown_workspace_holds_relative_paths() -> None:
    (inside,) = readings("a/b", NOWHERE)
    assert is_in_workspace(inside, NOWHERE)
    assert readings("../b", NOWHERE) == (UNKNOWN_PATH,)


def test_searching_from_above() -> None:
    globs = GlobList(["~/.ssh/**", "/srv/*/keys", "**/.env"])
    (home,) = readings("/home/alice", HERE)
    (root,) = readings("/", HERE)
    (other,) = readings("/opt", HERE)
    assert globs.find(home, HERE) is None
    assert globs.find(home, HERE, recursive=True) == "~/.ssh/**"
    assert globs.find(root, HERE, recursive=True) is not None
    assert globs.find(other, HERE, recursive=True) is None


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=40), st.sampled_from([HERE, NOWHERE, WINDOWS]))
def test_any_text_has_readings_without_dots(text: str, around: object) -> None:
    assert isinstance(around, type(HERE))
    found = readings(text, around)
    assert found
    for path in found:
        assert not {"", ".", ".."} & set(path.names)


def test_hostile_globs_take_few_steps() -> None:
    """Exponential matching would run into the time limit of the suite."""
    glob = PathGlob.parse("/**/" + "/".join(["*a" * 12] * 12) + "/**/b")
    assert not glob.matches(ResolvedPath(Anchor.ROOT, tuple(["a" * 40] * 80)), HERE)
    assert not PathGlob.parse("/" + "*a" * 200 + "b").matches(ResolvedPath(Anchor.ROOT, ("a" * 4000,)), HERE)
