"""Formatting one file, case by case."""

from __future__ import annotations

from pathlib import Path

import pytest

from clawforge.layout.document import format_text
from clawforge.layout.writer import WIDTH
from clawforge.resource.registry import KINDS

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "layout"
HEADER = "apiVersion: clawforge/v1\nkind: Policy\n"


def formatted(text: str) -> str:
    found = format_text(text.encode(), "a.yaml")
    assert found.diagnostics == ()
    assert found.changed == (found.text != text.encode())
    assert format_text(found.text, "a.yaml").text == found.text
    return found.text.decode()


def refused(text: str) -> tuple[str, int]:
    found = format_text(text.encode(), "a.yaml")
    assert (found.text, found.changed) == (text.encode(), False)
    (problem,) = found.diagnostics
    assert problem.location.file == "a.yaml"
    return problem.code, problem.location.line


@pytest.mark.parametrize("folder", sorted(FIXTURES.iterdir()), ids=lambda folder: folder.name)
def test_before_and_after(folder: Path) -> None:
    assert formatted((folder / "before.yaml").read_text()) == (folder / "after.yaml").read_text()


def test_every_kind_has_a_fixture() -> None:
    kinds = {"".join(f"-{c.lower()}" if c.isupper() else c for c in model.__name__).lstrip("-") for model in KINDS}
    assert kinds | {"project", "plain"} == {folder.name for folder in FIXTURES.iterdir()}


def test_line_ends_of_windows_and_a_byte_order_mark_go() -> None:
    found = format_text(b"\xef\xbb\xbfa:   1 # c\r\nb: |\r\n   x\r\n   y\r\n", "a.yaml")
    assert found.text == b"a: 1 # c\nb: |\n  x\n  y\n"


@pytest.mark.parametrize("text", ["", "\n\n", "   \n", "---\n", "---\n---\n...\n"])
def test_a_file_without_anything_becomes_empty(text: str) -> None:
    assert formatted(text) == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\n\n# only\n\n\n#comments\n\n", "# only\n\n#comments\n"),
        ("# a\n---\n# b\n", "# a\n\n# b\n"),
        ("# a\n---\nx: 1\n", "# a\nx: 1\n"),
        ("# a\n\n\n---\nx: 1\n", "# a\n\nx: 1\n"),
        ("--- # a\nx: 1\n... # b\n# c\n", "# a\nx: 1\n# b\n# c\n"),
        ("# l\n---\n# h\nx: 1\n", "# l\n\n# h\nx: 1\n"),
        ("x: 1\n\n# t\n\n---   # m\n\n# h\ny: 2\n", "x: 1\n\n# t\n---   # m\n# h\ny: 2\n"),
        ("x: 1\n---\n# between\n---\ny: 2\n", "x: 1\n---\n# between\ny: 2\n"),
        ("x: 1\n---\n# last\n", "x: 1\n# last\n"),
        ("# d\n%YAML 1.2 # v\n---\nx: 1\n...\n%YAML 1.2\n---\ny:  2\n", None),
        ("--- text # c\n--- [a,b]\n--- |\n  block\n", "text # c\n---\n[a, b]\n---\n|\n  block\n"),
    ],
)
def test_documents_and_what_stands_around_them(before: str, after: str | None) -> None:
    expected = "# d\n%YAML 1.2 # v\n---\nx: 1\n...\n%YAML 1.2\n---\ny: 2\n" if after is None else after
    assert formatted(before) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: |\n    # text\n\n\n     deeper\n\n\n# c\nb: 1\n", "a: |\n  # text\n\n\n   deeper\n\n# c\nb: 1\n"),
        ("a: |+  # h\n    x\n\n\n# c\nb: |+\n   y\n\n", "a: |+  # h\n  x\n\n\n# c\nb: |+\n  y\n\n"),
        ("a: >4-\n      two\n     one\n", "a: >2-\n    two\n   one\n"),
        ("- |2\n    two\n- - |1\n   one\n", "- |2\n    two\n- - |2\n    one\n"),
        ("a: |\n   x\n     \nb: 1\n", "a: |\n  x\n    \nb: 1\n"),
        ("a: |\n  no line end", "a: |-\n  no line end\n"),
        ("a: |\n\n\nb: |+\n\n\n", "a: |\n\nb: |+\n\n\n"),
        ("a: |\n    x\n  # under\nb: 1\n", "a: |\n  x\n# under\n\nb: 1\n"),
    ],
)
def test_block_scalars_keep_their_text(before: str, after: str) -> None:
    assert formatted(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a:\n  - x\n  # tail\n\n  # more\n# next\nb: 1\n", "a:\n  - x\n  # tail\n\n  # more\n# next\nb: 1\n"),
        ("a:\n- x\n# - y\n# next\nb: 1\n", "a:\n  - x\n  # - y\n# next\nb: 1\n"),
        ("a:\n  # nothing yet\nb: 1\n", "a:\n  # nothing yet\nb: 1\n"),
        ("a: # one\n  # two\n  x # three\n", "a: # one\n  # two\n  x # three\n"),
        ("a: [\n # inside\n] # behind\n", "a: [] # behind\n  # inside\n"),
        ("a: [x,\n  y] # why\n", "a:\n  - x\n  - y\n  # why\n"),
        ("a: [ # open\n  x ] # close\n", "a: # open\n  - x\n  # close\n"),
        ("a: {x: 1, # one\n  # more\n\n  } # close\nb: 1\n", "a:\n  x: 1 # one\n  # more\n\n  # close\nb: 1\n"),
        ("- [[x,\n  y], # in\n  z] # out\n", "- - - x\n    - y\n    # in\n  - z\n  # out\n"),
        ("[x,\n y] # why\n", "- x\n- y\n# why\n"),
        ("- # dash\n  a: 1\n- b\n", "- # dash\n  a: 1\n- b\n"),
        ("-\n  # first\n  a: 1\n", "# first\n- a: 1\n"),
        ("#\ttab\na: 1\t#\ttab\n", "#\ttab\na: 1 #\ttab\n"),
        ("a: {x, y: , 'z':1} # c\n", "a: {x, y, 'z': 1} # c\n"),
        ("? a\n: b # c\n? d\n", "a: b # c\nd:\n"),
        ("a: [x: 1, y]\n", "a: [{x: 1}, y]\n"),
        ('a: "x\\   \n   y"\n', 'a: "x\\ \n  y"\n'),
    ],
)
def test_comments_and_layouts(before: str, after: str) -> None:
    assert formatted(before) == after


@pytest.mark.parametrize("version", ["", "apiVersion: clawforge/v2\n", "apiVersion: [clawforge/v1]\n"])
def test_only_our_own_resources_are_reordered(version: str) -> None:
    text = f"spec: {{}}\n{version}kind: Policy\n"
    assert formatted(text) == ("kind: Policy\nspec: {}\n" if not version else text)


@pytest.mark.parametrize("extra", [0, 1])
def test_brackets_that_do_not_fit_become_lines(extra: int) -> None:
    item = "x" * (WIDTH - len("a: [y, ]") + extra)
    fits = f"a: [y, {item}]"
    assert len(fits) == WIDTH + extra
    assert formatted(fits + " # not counted\n") == (
        f"a: # not counted\n  - y\n  - {item}\n" if extra else f"{fits} # not counted\n"
    )


REMARK = '# clawforge: ignore[unknown-tool] reason="not yet" until=2027-01-31'
LONG = ", ".join(f"tool_number_{number}" for number in range(12))


@pytest.mark.parametrize(
    "text",
    [
        f"a: [{LONG}] {REMARK}\n",
        f"{REMARK}\na: [{LONG}]\n",
        f"{REMARK}\n{REMARK}\n- a: [{LONG}]\n  b: 1\n",
        f"- a: [{LONG}] {REMARK}\n",
        f"- {{a: [{LONG}]}} {REMARK}\n",
        f"[{LONG}] {REMARK}\n",
    ],
)
def test_what_a_remark_acts_on_stays_on_its_line(text: str) -> None:
    assert formatted(text) == text


def test_a_remark_moves_with_its_key() -> None:
    spec = f"  tools: {{deny: [x]}} {REMARK}\n  {REMARK}\n  mode: base\n  appliesTo: everyone\n"
    assert formatted(HEADER + "spec:\n" + spec) == HEADER + (
        f"spec:\n  appliesTo: everyone\n  {REMARK}\n  mode: base\n  tools: {{deny: [x]}} {REMARK}\n"
    )


@pytest.mark.parametrize(
    "spec",
    [
        f"  rules:\n    {REMARK}\n    - tools: [x]\n      id: a\n",
        f"  rules:\n    - tools: [x] {REMARK}\n      id: a\n",
        f"  rules:\n    - tools: [x]\n      {REMARK}\n      id: a\n",
        f"  enforcement:\n    warn {REMARK}\n",
    ],
)
def test_a_remark_that_would_act_on_something_else_is_refused(spec: str) -> None:
    assert refused("apiVersion: clawforge/v1\nkind: DlpRuleSet\nspec:\n" + spec) == ("not-formatted", 1)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("a: &x 1\nb: 2\n", "yaml-anchor", 1),
        ("b:   1\na: [1\n", "yaml-syntax", 3),
        ("a: 1\na: 2\n", "yaml-duplicate-key", 2),
        ("a: 1\n? x\n  y\n: 1\n", "not-formatted", 2),
        ("? # here\n  a\n: 1\n", "not-formatted", 1),
    ],
)
def test_what_cannot_be_read_or_kept_is_left_alone(text: str, code: str, line: int) -> None:
    assert refused(text) == (code, line)


def test_bytes_that_are_no_text_are_left_alone() -> None:
    found = format_text(b"a: \xff\n", "a.yaml")
    assert (found.text, [item.code for item in found.diagnostics]) == (b"a: \xff\n", ["yaml-not-utf8"])
