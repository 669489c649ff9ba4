"""Carets stand under what is meant, whatever the line holds and however wide the terminal is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from clawforge_cli.views.source_excerpt import excerpt, value_span
from clawforge_cli.views.terminal import safe

PARTS = (
    *("\x1b[31m", "\u202e", "\u200b", "\r", "\t", "日本", "e\u0301", "👍", "\ufe0f"),
    *("key: ", "- ", "'a'", '"b"', " # c", "[x, "),
    *("x" * 90, "\u0301" * 30, "\u200b" * 40, "語" * 60),
)
LINES = st.lists(st.sampled_from(PARTS), max_size=6).map("".join)
ROOMS = st.integers(30, 200)


def indent(carets: str) -> int:
    return len(carets) - len(carets.lstrip(" "))


@settings(max_examples=250, deadline=None)
@given(LINES, st.data(), ROOMS)
def test_nothing_acts_and_everything_fits(line: str, data: st.DataObject, room: int) -> None:
    col = data.draw(st.integers(1, len(line) + 2))
    shown = excerpt(line, col, room)
    assert not {unicodedata.category(item) for item in shown.line} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert set(shown.carets.lstrip(" ")) == {"^"}
    # One character that is written out, such as \u{200b}, may stand over the edge.
    assert cell_len(shown.line) <= room + 8
    assert len(shown.carets) <= room + 8


@settings(max_examples=250, deadline=None)
@given(LINES, st.data(), ROOMS)
def test_the_caret_stands_under_the_character(line: str, data: st.DataObject, room: int) -> None:
    col = data.draw(st.integers(1, max(1, len(line))))
    wanted = safe(line[col - 1 : col].replace("\t", " "))
    shown = excerpt(line, col, room)
    # The characters of the shown line that take up the columns before the first caret.
    for taken in range(len(shown.line) + 1):
        if cell_len(shown.line[:taken]) == indent(shown.carets) and shown.line[taken:].startswith(wanted):
            return
    assert not wanted.strip(), (shown, wanted)


@given(st.text("abc: '],#", max_size=60), st.data())
def test_a_short_plain_line_is_shown_as_it_is(line: str, data: st.DataObject) -> None:
    col = data.draw(st.integers(1, max(1, len(line))))
    shown = excerpt(line, col, 60)
    assert shown.line == line.rstrip()
    assert indent(shown.carets) == col - 1


@pytest.mark.parametrize(
    ("line", "col", "marked"),
    [
        ("  mode: full  # why", 3, "mode: full"),
        ("  tools: {deny: [exec, 'a b', x y]}", 18, "exec"),
        ("  tools: {deny: [exec, 'a b', x y]}", 24, "'a b'"),
        ("  tools: {deny: [exec, 'a b', x y]}", 31, "x y"),
        ("  tools: {deny: [exec]}", 3, "tools"),
        ("  tools:", 3, "tools"),
        ("- git status **", 3, "git status **"),
        ("server: https://x.example/y", 1, "server: https://x.example/y"),
    ],
)
def test_what_is_marked(line: str, col: int, marked: str) -> None:
    start, end = value_span(line, col)
    assert line[start:end] == marked
    shown = excerpt(line, col, 80)
    assert shown.line[indent(shown.carets) : len(shown.carets)] == marked


@pytest.mark.parametrize(
    ("line", "col", "shown", "carets"),
    [
        ("日本: e\u0301x", 1, "日本: e\u0301x", "^" * 8),
        ("日本: [x]", 6, "日本: [x]", " " * 7 + "^"),
        ("👍👍: [x]", 6, "👍👍: [x]", " " * 7 + "^"),
        ("\tkey: [x]", 2, "    key: [x]", "    ^^^"),
        ("a\u200b: x", 5, "a\\u{200b}: x", " " * 11 + "^"),
    ],
)
def test_columns_are_those_of_a_terminal(line: str, col: int, shown: str, carets: str) -> None:
    assert excerpt(line, col, 80) == (shown, carets)


def test_a_long_line_is_cut_around_the_place() -> None:
    line = ", ".join(f"word{number:02}" for number in range(40))
    middle = excerpt(line, line.index("word20") + 1, 60)
    assert middle.line.startswith("…")
    assert middle.line.endswith("…")
    assert len(middle.line) <= 60
    assert middle.line[indent(middle.carets) :].startswith("word20")
    assert indent(middle.carets) <= 21, "what follows is worth more than what led up to it"
    first = excerpt(line, 1, 60)
    assert first.line.startswith("word00")
    assert first.line.endswith("…")
    last = excerpt(line, line.index("word39") + 1, 60)
    assert last.line.endswith("word39")
    assert 55 <= len(last.line) <= 60, "there is no room left unused"


def test_a_huge_line_takes_no_time() -> None:
    assert len(excerpt("x" * 5_000_000, 2_500_000, 80).line) <= 80
    assert len(excerpt("\u0301" * 1_000_000, 500_000, 80).line) < 1000
