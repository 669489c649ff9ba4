"""Edits change what they name, keep every comment, and are not made at all where they would not come out exactly."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.layout.document import format_text
from clawforge.lint.text_edit import Change, change_text
from clawforge.load.comment import comments_of
from clawforge.load.yaml import compose

TEXT = """\
# top
a: [x, 'y', z,] # k
b:
  - one # why one
  # about two
  - "two"
  - three
---
---
c: {d: [bash, exec]}
"""


def changed(text: str, *changes: Change) -> str | None:
    data = change_text(text.encode(), changes, file="x.yaml")
    return None if data is None else data.decode()


def test_removals_and_replacements() -> None:
    result = changed(
        TEXT,
        Change(0, ("a", 2), None),
        Change(0, ("a", 1), None),
        Change(0, ("b", 0), None),
        Change(0, ("b", 1), "two and a half"),
        Change(1, ("c", "d", 0), "web_fetch"),
    )
    assert result == TEXT.replace(", 'y', z,]", ",]").replace("  - one # why one\n", "").replace(
        '"two"', '"two and a half"'
    ).replace("bash", "web_fetch")


def test_quotes_are_kept_or_added_where_they_are_needed() -> None:
    assert changed("a: [x, 'y']\n", Change(0, ("a", 1), "it's")) == "a: [x, 'it''s']\n"
    assert changed("a: x\n", Change(0, ("a",), "*")) == "a: '*'\n"
    assert changed("a: x\n", Change(0, ("a",), "true")) == "a: 'true'\n"
    assert changed('a: "x"\n', Change(0, ("a",), "y")) == 'a: "y"\n'


def test_byte_order_mark_and_line_ends_stay() -> None:
    assert changed("\ufeffa:\r\n- x\r\n- y # c\r\n", Change(0, ("a", 1), None)) == "\ufeffa:\r\n- x\r\n"
    assert changed("a:\n- x\n- y", Change(0, ("a", 1), None)) == "a:\n- x\n"


def test_what_is_left_alone() -> None:
    assert changed("a: [x]\n", Change(0, ("a", 0), None)) is None, "a list must not become empty"
    assert changed("a: [\n  x, y, # why\n  z]\n", Change(0, ("a", 1), None)) is None, "whose comment is it?"
    assert changed("a: [\n  x, y,\n  # why\n  z]\n", Change(0, ("a", 1), None)) is None, "a comment would be lost"
    assert changed("a: [x, y # why\n]\n", Change(0, ("a", 1), None)) is None
    assert changed("a:\n- - x\n  - y\n", Change(0, ("a", 0, 0), None)) is None
    assert changed("a:\n- | # why\n  x\n- y\n", Change(0, ("a", 0), "y")) is None, "a comment would be lost"
    assert changed("a: x\n", Change(0, ("b",), "y")) is None
    assert changed("a: x\n", Change(1, ("a",), "y")) is None
    assert changed("a: x\n", Change(0, ("a",), None)) is None
    assert changed("a: x\n", Change(0, ("a",), "x")) is None, "nothing would change"
    assert changed("a: x\n", Change(0, ("a",), "x\x1b[31m")) is None
    assert changed("a: [\n", Change(0, ("a",), "y")) is None
    assert changed("a: x\n") is None


def test_texts_over_several_lines() -> None:
    text = "a:\n- |\n  x\n- 'y\n  z' # why y\n- >-\n  w\n\nb: 1\n"
    assert changed(text, Change(0, ("a", 0), None)) == text.replace("- |\n  x\n", "")
    assert changed(text, Change(0, ("a", 1), None)) == text.replace("- 'y\n  z' # why y\n", "")
    assert changed(text, Change(0, ("a", 1), "v")) == text.replace("y\n  z", "v")
    assert changed(text, Change(0, ("a", 2), "exec")) == text.replace(">-\n  w", "exec")
    assert changed("a:\n- >-\n  w", Change(0, ("a", 0), "*")) == "a:\n- '*'"


LISTS = {
    "the comment beside it goes": ("- x # why x\n- y # why y", "- y # why y"),
    "the comment above it goes": ("- w\n# why x\n# at length\n- x\n# why y\n- y", "- w\n# why y\n- y"),
    "also at the end": ("- y\n# why x\n- x", "- y"),
    "and before an empty line": ("# why x\n- x\n\n- y", "- y"),
    "empty lines do not add up": ("- w\n\n# why x\n- x\n\n# why y\n- y", "- w\n\n# why y\n- y"),
    "a heading of a section stays": ("- w\n\n# some\n\n- x\n- y", "- w\n\n# some\n\n- y"),
    "and where a section may go on": ("- w\n\n# some\n\n- x\n\n# why y\n- y", "- w\n\n# some\n\n# why y\n- y"),
    "it goes with its last entry": (
        "- w\n\n# some\n\n# why x\n- x # at length\n\n# others\n\n- y",
        "- w\n\n# others\n\n- y",
    ),
    "also at the end of the list": ("- y\n\n# some\n# at length\n\n- x", "- y"),
    "what is said of the whole list stays": ("# all\n\n- x\n\n# others\n\n- y", "# all\n\n# others\n\n- y"),
    "a heading of several stays": ("# both\n- x\n- y", "# both\n- y"),
    "and so in the middle": ("- w\n# both\n- x # why x\n- y", "- w\n# both\n- y"),
    "what is set off stays": ("# all\n\n- x\n# why y\n- y", "# all\n\n# why y\n- y"),
    "what was an entry stays": ("# - w\n- x\n# why y\n- y", "# - w\n# why y\n- y"),
    "a suppression goes with its line": (
        "# both\n# clawforge: ignore[a] reason=b until=2099-01-01\n- x\n- y",
        "# both\n- y",
    ),
    "what stands below stays": ("- y\n- x\n# below\n", "- y\n# below\n"),
    "a hash inside of a text is no comment": ("- 'x'\n- 'y # z'", "- 'y # z'"),
    "brackets on one line": ("[x, y] # of the list", "[y] # of the list"),
    "brackets, the last": ("[y, x] # of the list", "[y] # of the list"),
    "brackets over lines": ("[\n  x, # why x\n  y, # why y\n]", "[\n  y, # why y\n]"),
    "brackets, the last line": ("[\n  y, # why y\n  x # why x\n]", "[\n  y, # why y\n]"),
    "brackets, beside the opening": ("[x, # why x\n  y]", "[\n  y]"),
    "brackets, the comment above": ("[\n  w,\n  # why x\n  x,\n  # why y\n  y]", "[\n  w,\n  # why y\n  y]"),
    "brackets, a heading": ("[\n  # both\n  x,\n  y]", "[\n  # both\n  y]"),
    "brackets, two on a line": ("[\n  x, w,\n  y]", "[\n  w,\n  y]"),
}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_a_comment_goes_with_its_entry_and_no_other(name: str, end: str) -> None:
    before, after = (f"k: {part}\nz: 1\n" if part[0] == "[" else f"k:\n{part}\nz: 1\n" for part in LISTS[name])
    value: Any = compose(before.encode(), file="x")[0][0].value
    result = changed(before.replace("\n", end), Change(0, ("k", value["k"].index("x")), None))
    assert result == after.replace("\n", end)


ITEMS = st.lists(st.sampled_from(["x", "'y'", '"z"', "a b", "git **"]), min_size=1, max_size=5)
NOTES = st.lists(st.sampled_from(["", " # beside", "\n  # between"]), min_size=5, max_size=5)


@settings(max_examples=150, deadline=None)
@given(ITEMS, NOTES, st.booleans(), st.sets(st.integers(0, 4), max_size=4), st.dictionaries(st.integers(0, 4), ITEMS))
def test_the_result_is_what_was_meant_or_nothing(
    items: list[str], notes: list[str], flow: bool, gone: set[int], renamed: dict[int, list[str]]
) -> None:
    if flow:
        text = f"# head\nk: [{', '.join(items)}]  # tail\nz: 1\n"
    else:
        lines = [f"  - {item}{note}" for item, note in zip(items, notes, strict=False)]
        text = "\n".join(["# head", "k:", *lines, "z: 1", ""])
    before = compose(text.encode(), file="x")[0][0].value
    changes = [Change(0, ("k", index), None) for index in sorted(gone) if index < len(items)]
    changes += [Change(0, ("k", at), to[0]) for at, to in renamed.items() if at < len(items) and at not in gone]
    result = changed(text, *changes)
    if result is None:
        return
    meant: Any = copy.deepcopy(before)
    kept = enumerate(meant["k"])
    meant["k"] = [renamed[at][0] if at in renamed else item for at, item in kept if at not in gone]
    assert compose(result.encode(), file="x")[0][0].value == meant
    left = Counter(item.text for item in comments_of(result, file="x"))
    assert left <= Counter(item.text for item in comments_of(text, file="x"))
    if flow:
        assert left.total() == 2
    else:
        assert left["beside"] == sum("beside" in note for at, note in enumerate(notes[: len(items)]) if at not in gone)
    assert meant["k"]


ABOVE = st.lists(st.sampled_from(["", "  # one", "  # two", "  # - old"]), max_size=5)
ENTRIES = st.lists(st.tuples(ABOVE, st.sampled_from(["x", "y # why", "'z'", ">-\n    w"])), min_size=2, max_size=5)


@settings(max_examples=150, deadline=None)
@given(ENTRIES, st.sets(st.integers(0, 4), min_size=1, max_size=3), st.sampled_from(["", "\nz: 1", "z: 1", "# end"]))
def test_what_was_laid_out_stays_so(entries: list[tuple[list[str], str]], gone: set[int], tail: str) -> None:
    lines = [line for above, entry in entries for line in (*above, f"  - {entry}")]
    laid_out = format_text(("\n".join(["k:", *lines, tail]) + "\n").encode(), "x").text
    changes = [Change(0, ("k", at), None) for at in gone if at < len(entries)]
    result = change_text(laid_out, changes, file="x")
    assert result is None or format_text(result, "x").text == result
