"""Edits change what they name, keep every comment, and are not made at all where they would not come out exactly."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

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
    assert result == TEXT.replace(", 'y', z,]", ",]").replace("- one # why one", "# why one").replace(
        '"two"', '"two and a half"'
    ).replace("bash", "web_fetch")


def test_quotes_are_kept_or_added_where_they_are_needed() -> None:
    assert changed("a: [x, 'y']\n", Change(0, ("a", 1), "it's")) == "a: [x, 'it''s']\n"
    assert changed("a: x\n", Change(0, ("a",), "*")) == "a: '*'\n"
    assert changed("a: x\n", Change(0, ("a",), "true")) == "a: 'true'\n"
    assert changed('a: "x"\n', Change(0, ("a",), "y")) == 'a: "y"\n'


def test_byte_order_mark_and_line_ends_stay() -> None:
    assert changed("\ufeffa:\r\n- x\r\n- y # c\r\n", Change(0, ("a", 1), None)) == "\ufeffa:\r\n- x\r\n# c\r\n"
    assert changed("a:\n- x\n- y", Change(0, ("a", 1), None)) == "a:\n- x\n"


def test_what_is_left_alone() -> None:
    assert changed("a: [x]\n", Change(0, ("a", 0), None)) is None, "a list must not become empty"
    assert changed("a: [x, # why\n  y]\n", Change(0, ("a", 0), None)) is None, "a comment would be lost"
    assert changed("a:\n- - x\n  - y\n", Change(0, ("a", 0, 0), None)) is None
    assert changed("a:\n- |\n  x\n- y\n", Change(0, ("a", 0), None)) is None
    assert changed("a: x\n", Change(0, ("b",), "y")) is None
    assert changed("a: x\n", Change(1, ("a",), "y")) is None
    assert changed("a: x\n", Change(0, ("a",), None)) is None
    assert changed("a: x\n", Change(0, ("a",), "x")) is None, "nothing would change"
    assert changed("a: x\n", Change(0, ("a",), "x\x1b[31m")) is None
    assert changed("a: [\n", Change(0, ("a",), "y")) is None
    assert changed("a: x\n") is None


ITEMS = st.lists(st.sampled_from(["x", "'y'", '"z"', "a b", "git **"]), min_size=1, max_size=5)
NOTES = st.lists(st.sampled_from(["", " # note", "\n  # above"]), min_size=5, max_size=5)


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
    assert sorted(item.text for item in comments_of(result, file="x")) == sorted(
        item.text for item in comments_of(text, file="x")
    )
    assert meant["k"]
