"""What a kill switch may be aimed at, and what is said to whoever mistypes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.decide.request import KillOrder
from clawforge.errors import InputError
from clawforge.overlay.kill_scope import KillScope, parse_kill_scope, unknown_tool


@pytest.mark.parametrize(
    ("text", "scope"),
    [
        ("org", KillScope("org")),
        ("group:eng", KillScope("group", "eng")),
        ("instance:dana@laptop", KillScope("instance", "dana@laptop")),
        ("tool:group:fs", KillScope("tool", "group:fs")),
        ("tool:mcp__github__*", KillScope("tool", "mcp__github__*")),
    ],
)
def test_scopes_are_read_as_they_are_written(text: str, scope: KillScope) -> None:
    assert parse_kill_scope(text) == scope
    assert str(scope) == text


@pytest.mark.parametrize(
    "text", ["", "all", "org:acme", "group:", "instance: x", "tool:a b", "Org", "user:dev", "tool"]
)
def test_what_is_no_scope_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse_kill_scope(text)
    assert refused.value.code == "bad-scope"
    assert "org, group:NAME, instance:NAME or tool:NAME" in refused.value.hint


def test_a_misspelt_kind_is_guessed() -> None:
    with pytest.raises(InputError) as refused:
        parse_kill_scope("gruop:eng")
    assert refused.value.hint.startswith("Did you mean 'group'?")


@given(st.text(max_size=40))
def test_whatever_is_read_is_an_order_that_agents_read(text: str) -> None:
    try:
        scope = parse_kill_scope(text)
    except InputError:
        return
    assert KillOrder(scope=text).scope == str(scope)


@pytest.mark.parametrize("tool", ["exec", "Bash", "group:fs", "mcp__x__y", "acme.tool", "wipe*", "EXEC"])
def test_a_tool_that_may_be_there_is_not_spoken_of(tool: str) -> None:
    assert unknown_tool(tool) is None


@pytest.mark.parametrize(
    ("tool", "guess"), [("exce", "tool:exec"), ("group:fss", "tool:group:fs"), ("teleport", "plugin")]
)
def test_a_tool_that_nobody_knows_is_remarked_on(tool: str, guess: str) -> None:
    remark = unknown_tool(tool)
    assert remark is not None
    assert guess in remark
