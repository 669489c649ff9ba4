"""The composer against other readers and writers: ruamel.yaml in YAML 1.2, JSON, and any bytes at all."""

from __future__ import annotations

import io
import json
import math
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from clawforge.diagnostic import has_errors
from clawforge.load.pointer import escape
from clawforge.load.yaml import Document, compose

LARGEST = 2**53 - 1
TRICKY = [
    *(
        "no",
        "on",
        "null",
        "~",
        "010",
        "1:30",
        "1e3",
        "0x1F",
        ".inf",
        "<<",
        "=",
        "- a",
        "a: b",
        "#",
        "*",
        "&a",
    ),
    *("!b", " x ", "\t", "\n\n", "'", '"', "%", "@", "---", "...", "a\nb ", "/", "~1", ""),
]
# libyaml's writer and reader agree on what prints; ruamel writes U+0085, U+2028 and U+2029 as they are.
ALPHABET = st.characters(
    codec="utf-8",
    exclude_categories=["Cc", "Cs", "Cn", "Co"],
    exclude_characters="\u0085\u2028\u2029\ufeff",
    include_characters="\n\t",
)
# Two kinds of strings are left out, as ruamel writes them without quotes: the core schema takes `.5e3` for a
# float, and libyaml takes a leading `?` or `:` inside of brackets for an indicator, which is refused.
TEXT = (st.text(ALPHABET, max_size=12) | st.sampled_from(TRICKY)).filter(
    lambda text: not re.match(r"[-+]?\.\d+[eE]\d+$|[?:]", text)
)
SCALAR = (
    st.none() | st.booleans() | st.integers(-LARGEST, LARGEST) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
VALUE = st.recursive(
    SCALAR,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


def same(left: Any, right: Any) -> bool:
    """Equal in type, order of keys and sign of zero too."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float):
        return left == right and math.copysign(1, left) == math.copysign(1, right)
    return bool(left == right)


def only(text: str) -> Document:
    documents, problems = compose(text.encode(), file="f.yaml")
    assert not has_errors(problems), (problems, text)
    (document,) = documents
    return document


def written(value: Any, flow: bool) -> str:
    writer = YAML(typ="safe", pure=True)
    writer.version = (1, 2)
    writer.default_flow_style = flow
    writer.sort_base_mapping_type_on_output = False
    stream = io.StringIO()
    writer.dump(value, stream)
    return stream.getvalue()


@settings(max_examples=150, deadline=None)
@given(VALUE, st.booleans())
def test_reads_what_ruamel_writes(value: Any, flow: bool) -> None:
    assert same(only(written(value, flow)).value, value)


@settings(max_examples=100, deadline=None)
@given(VALUE, st.sampled_from([None, 2]))
def test_reads_json(value: Any, indent: int | None) -> None:
    assert same(only(json.dumps(value, ensure_ascii=False, indent=indent)).value, value)


def positions_by_ruamel(node: Any, pointer: str, place: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """Pointers to 1-based positions, from the round-trip loader's own record."""
    places = {pointer: place}
    if isinstance(node, dict):
        for key in node:
            line, col = node.lc.key(key)
            places |= positions_by_ruamel(node[key], f"{pointer}/{escape(key)}", (line + 1, col + 1))
    elif isinstance(node, list):
        for index, item in enumerate(node):
            line, col = node.lc.item(index)
            places |= positions_by_ruamel(item, f"{pointer}/{index}", (line + 1, col + 1))
    return places


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(TEXT, VALUE, min_size=1, max_size=4) | st.lists(VALUE, min_size=1, max_size=4),
    st.booleans(),
)
def test_positions_are_those_of_ruamel(value: Any, flow: bool) -> None:
    text = written(value, flow)
    document = only(text)
    loaded = YAML(typ="rt", pure=True).load(text)
    expected = positions_by_ruamel(loaded, "", (document.line, document.col))
    assert {pointer: document.location(pointer)[1:] for pointer in document.positions} == expected


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
def test_no_bytes_raise(data: bytes) -> None:
    documents, problems = compose(data, file="f.yaml")
    assert all(problem.location.line >= 1 and problem.location.col >= 1 and problem.hint for problem in problems)
    for document in documents:
        json.dumps(document.value, allow_nan=False)


SYNTAX = st.text(st.sampled_from("ab1~ \n\t-:?,[]{}#&*!|>'\"%@`<\\x.\r"), max_size=40)


@settings(max_examples=150, deadline=None)
@given(SYNTAX)
def test_no_syntax_raises_and_what_is_read_is_what_ruamel_reads(text: str) -> None:
    documents, problems = compose(text.encode(), file="f.yaml")
    assert all(problem.hint for problem in problems)
    for document in documents:
        for pointer in document.positions:
            line, col = document.value_location(pointer)[1:]
            assert (line, col) >= document.location(pointer)[1:]
            assert line <= text.count("\n") + 2
    if len(documents) == 1 and not problems:
        try:
            other = YAML(typ="safe", pure=True).load(text)
        except YAMLError:
            return  # ruamel refuses, for one, a tab at the end of a line.
        assert same(documents[0].value, other)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(["a: 1", "a: 1\na: 2", "- [x]", "b: &x 1", "", "c: {d: e}"]), max_size=6))
def test_each_document_stands_for_itself(parts: list[str]) -> None:
    documents, problems = compose("".join(f"---\n{part}\n" for part in parts).encode(), file="f.yaml")
    alone = [compose(part.encode(), file="f.yaml") for part in parts]
    assert [document.value for document in documents] == [item.value for found, _ in alone for item in found]
    assert [problem.code for problem in problems] == [item.code for _, found in alone for item in found]
