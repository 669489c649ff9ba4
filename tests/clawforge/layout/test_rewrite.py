"""Values are put into a file and everything else of it stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge.layout.document import format_text
from clawforge.layout.rewrite import put_values
from clawforge.load.yaml import compose

HEAD = """\
# Why this policy exists.
apiVersion: clawforge/v1
kind: Policy
metadata:
  name: engineering
"""
POLICY = (
    HEAD
    + """\
spec:
  appliesTo: everyone
  tools:
    # What they work with.
    allow:
      # Shells are bounded below.
      - exec # see exec.allow
      - read
      - "web_*"
    ask: [browser] # it shows private pages
  message: Ask in the channel.
"""
)
ALLOW = ("spec", "tools", "allow")


def put(text: str, values: dict[tuple[str, ...], str | tuple[str, ...]], document: int = 0) -> str:
    found = put_values(text.encode(), document, values, file="p.yaml")
    assert found is not None
    return found.decode()


def test_what_stays_in_a_list_keeps_its_comments_and_its_place() -> None:
    assert put(POLICY, {ALLOW: ("exec", "write", "read")}) == POLICY.replace('      - "web_*"\n', "      - write\n")


def test_a_list_that_was_sorted_stays_sorted_and_another_one_keeps_its_order() -> None:
    text = HEAD + "spec:\n  appliesTo: everyone\n  tools:\n    allow: [{}]\n"
    assert put(text.format("b, d"), {ALLOW: ("a", "c", "d")}) == text.format("a, c, d")
    assert put(text.format("d, b"), {ALLOW: ("a", "d")}) == text.format("d, a")


def test_sections_that_are_not_there_come_where_they_belong() -> None:
    values: dict[tuple[str, ...], str | tuple[str, ...]] = {
        ("spec", "exec", "mode"): "allowlist",
        ("spec", "exec", "allow"): ("git status", "make *"),
        ("spec", "network", "allow"): (),
    }
    assert put(POLICY, values) == POLICY.replace(
        "  message:",
        "  exec:\n    mode: allowlist\n    allow: [git status, make *]\n  network:\n    allow: []\n  message:",
    )


def test_a_mapping_in_brackets_gets_the_value_inside_of_them() -> None:
    text = HEAD + "spec:\n  appliesTo: everyone\n  exec: {mode: full} # for now\n"
    wanted = HEAD + "spec:\n  appliesTo: everyone\n  exec: {mode: ask, allow: [ls]} # for now\n"
    assert put(text, {("spec", "exec", "mode"): "ask", ("spec", "exec", "allow"): ("ls",)}) == wanted


def test_only_the_document_that_is_meant_changes() -> None:
    text = f"# Only a comment.\n---\n{POLICY}---\n{POLICY}"
    changed = put(text, {ALLOW: ("read",)}, document=1)
    first, second = changed.split("\n---\n")[-2:]
    assert first.endswith(POLICY.rstrip("\n"))
    assert "- exec" not in second


def test_another_style_is_laid_out_by_the_way() -> None:
    text = POLICY.replace("  ", "    ").replace("\n", "\r\n")
    assert put(text, {ALLOW: ("exec", "read", "web_*")}) == POLICY


@pytest.mark.parametrize(
    ("text", "path", "document"),
    [
        (POLICY, ("spec", "message", "allow"), 0),
        (POLICY, ("spec", "tools", "allow", "exec"), 0),
        (POLICY, ALLOW, 1),
        ("- a\n", ALLOW, 0),
        ("", ALLOW, 0),
        ("a: &x 1\n", ALLOW, 0),
        ("a: [\n", ALLOW, 0),
    ],
)
def test_what_cannot_be_done_is_not_done(text: str, path: tuple[str, ...], document: int) -> None:
    assert put_values(text.encode(), document, {path: ("a",)}, file="p.yaml") is None


WORDS = st.text(max_size=12) | st.sampled_from(
    ("null", "true", "1", "1.5", ".5", "~", "- a", "a: b", "a #b", "*", "&a", "'", '"', "\\", "a, b", "[", "a ", "=")
)


@given(st.lists(WORDS, max_size=5, unique=True), st.sampled_from((ALLOW, ("spec", "exec", "allow"))))
def test_any_text_is_written_so_that_it_is_read_again(words: list[str], path: tuple[str, ...]) -> None:
    found = put_values(POLICY.encode(), 0, {path: tuple(words)}, file="p.yaml")
    if found is None:
        assert any(not word.isprintable() for word in words)
        return
    (document,), problems = compose(found, file="p.yaml")
    assert not problems
    value = document.value
    for key in path:
        assert isinstance(value, dict)
        value = value[key]
    assert isinstance(value, list)
    assert sorted(map(str, value)) == sorted(words)
    assert format_text(found, "p.yaml").text == found
