"""What the parameters of a call touch."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.decide.catalogue import catalogue
from clawforge.decide.patch_paths import patch_paths
from clawforge.decide.touched import command_text, runs_code, touched

NAMES = catalogue()


def _touched(tool: str, params: dict[str, Any]) -> tuple[set[str], set[str]]:
    found = touched(params, NAMES.facets(tool))
    return set(found.paths), set(found.urls)


@pytest.mark.parametrize(
    "key",
    [
        "path",
        "file_path",
        "filePath",
        "FILE-PATH",
        "file",
        "filename",
        "paths",
        "files",
        "dir",
        "cwd",
        "inputFile",
        "folder",
    ],
)
def test_every_spelling_of_a_path(key: str) -> None:
    assert _touched("read", {key: "/etc/x"})[0] == {"/etc/x"}
    assert _touched("read", {key: ["/etc/x", "b"]})[0] == {"/etc/x", "b"}
    assert _touched("read", {key: [{"name": "/etc/x"}]})[0] == {"/etc/x"}
    assert _touched("read", {"edits": [{"a": {key: "/etc/x"}}]})[0] == {"/etc/x"}


def test_content_is_no_path() -> None:
    assert _touched("write", {"path": "a", "content": "/etc/passwd", "file_text": "../x"})[0] == {"a"}
    assert _touched("write", {"files": [{"path": "a", "content": "/etc/passwd"}]})[0] == {"a"}
    assert _touched("edit", {"path": "a", "old_text": "/x", "newText": "/y"})[0] == {"a"}


def test_a_file_tool_that_names_no_file() -> None:
    for tool in ("read", "write", "edit", "apply_patch"):
        assert touched({"x": "/etc"}, NAMES.facets(tool)).hidden_path
    assert not touched({}, NAMES.facets("ls")).hidden_path
    assert touched({"x": "y"}, NAMES.facets("web_fetch")).hidden_url


def test_more_than_is_looked_at_is_hidden() -> None:
    deep: Any = "x"
    for _ in range(50):
        deep = [deep]
    for params in ({"path": "a", "x": deep}, {"path": "a", "x": ["y"] * 6000}):
        found = touched(params, NAMES.facets("browser"))
        assert found.hidden_path
        assert found.hidden_url


def test_addresses() -> None:
    assert _touched("web_fetch", {"url": "https://a"})[1] == {"https://a"}
    assert _touched("web_fetch", {"u": "https://a"})[1] == {"https://a"}
    assert _touched("browser", {"action": "open", "targetUrl": "example.com"})[1] == {"example.com"}
    assert _touched("view_image", {"path": "https://a/x.png"}) == (set(), {"https://a/x.png"})
    assert _touched("browser", {"url": "file:///etc/passwd"}) == ({"file:///etc/passwd"}, {"file:///etc/passwd"})
    assert _touched("web_search", {"query": "https://a"}) == (set(), set())
    assert _touched("message", {"text": "https://a is down", "media": "https://b/x.png"}) == (
        set(),
        {"https://b/x.png"},
    )
    assert _touched("view_image", {"image": "data:image/png;base64,AA"}) == (set(), {"data:image/png;base64,AA"})
    assert _touched("view_image", {"path": "C://secret.png"})[0] == {"C://secret.png"}
    assert _touched("view_image", {"path": "https:/../secret.png"})[0] == {"https:/../secret.png"}


def test_a_call_about_the_workspace() -> None:
    assert _touched("ls", {})[0] == {"."}
    assert _touched("ls", {"path": "a"})[0] == {"a"}


def test_tools_that_nobody_told_us_about() -> None:
    assert _touched("mcp__fs__read", {"path": "/etc/x"})[0] == {"/etc/x"}
    assert _touched("mcp__fs__read", {"filePaths": ["/etc/x"]})[0] == {"/etc/x"}
    assert _touched("mcp__fs__move", {"source": "/a", "destination": "~/b", "target": "main"})[0] == {"/a", "~/b"}
    assert _touched("mcp__x__y", {"profile": "dev", "text": "/etc", "direction": "up"})[0] == set()
    assert _touched("mcp__x__y", {"body": "https://a", "link": "https://b"})[1] == {"https://b"}
    assert _touched("mcp__x__y", {"baseUrl": "a.example"})[1] == {"a.example"}


def test_commands() -> None:
    assert command_text({"command": "ls"}).commands == ("ls",)
    assert command_text({"cmd": ["ls", "-l"], "timeout": 5}).commands == (("ls", "-l"),)
    for params in ({}, {"command": 5}, {"command": None}, {"command": ["ls", 5]}, {"command": "ls", "Env": {"A": "b"}},
                   {"command": "ls", "args": ["x"]}, {"command": "ls", "stdin": "x"}):  # fmt: skip
        assert command_text(params).opaque, params
    assert not command_text({"command": "ls", "env": {}, "args": []}).opaque


def test_code() -> None:
    process = NAMES.facets("process")
    assert not runs_code({"action": "poll"}, process)
    for params in (
        {},
        {"action": "write"},
        {"action": "POLL"},
        {"action": ["poll"]},
        {"Action": "poll", "action": "write"},
    ):
        assert runs_code(params, process), params
    assert runs_code({}, NAMES.facets("code_execution"))
    automations = NAMES.facets("automations")
    assert not runs_code({"action": "add", "job": {"payload": {"kind": "agentTurn", "message": "hi"}}}, automations)
    assert runs_code({"action": "add", "job": {"payload": [{"Command": "x"}]}}, automations)
    assert not runs_code({}, NAMES.facets("read"))


@pytest.mark.parametrize(
    ("patch", "paths"),
    [
        ("*** Begin Patch\n*** Add File: a b\n+x\n*** Delete File: c\n*** End Patch", ("a b", "c")),
        ("*** Update File: a\r\n*** Move to: /etc/b\r\n*** End of File", ("a", "/etc/b")),
        ("  *** add  file:x", ("x",)),
        ("--- a/x\t2026-01-01\n+++ b/y\n@@", ("a/x", "x", "b/y", "y")),
        ("--- /dev/null\n+++ new", ("new",)),
        ('+++ "b/\\303\\244\\"x"', ('b/\u00e4"x', '\u00e4"x')),
        ("diff --git a/x y b/x y\nrename from x y\nrename to z", ("a/x y", "x y", "b/x y", "z")),
        ("diff --git a/x b/y", ("a/x", "x", "b/y", "y")),
        ("nothing", ()),
        ("", ()),
        ("*** Rename File: x", None),
    ],
)
def test_paths_in_patches(patch: str, paths: tuple[str, ...] | None) -> None:
    assert patch_paths(patch) == paths


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from('*-+ab/ "\\0127\n:AddFileUpdtmovgr'), max_size=60))
def test_any_text_as_patch(text: str) -> None:
    patch_paths(text)
