"""The composer: what it refuses and where, what it reads, and that hostile input costs little."""

from __future__ import annotations

import math
from typing import Any

import pytest

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge.load.yaml import Document, Limits, PointerTree, compose, pack, size_problem, unpack


def read(text: str, limits: Limits | None = None) -> tuple[list[Document], list[Diagnostic]]:
    return compose(text.encode(), file="a/b.yaml", limits=limits or Limits())


def value(text: str) -> Any:
    documents, problems = read(text)
    assert problems == []
    (document,) = documents
    return document.value


def found(problems: list[Diagnostic]) -> list[tuple[str, int, int]]:
    for problem in problems:
        assert problem.location.file == "a/b.yaml"
        assert problem.hint
        assert (problem.message + problem.hint).isprintable()
    return [(problem.code, problem.location.line, problem.location.col) for problem in problems]


REFUSED = [
    ("duplicate key", "a: 1\nb: 2\na: 3\n", "yaml-duplicate-key", 3, 1),
    ("duplicate key below", "x:\n  - a: 1\n    b: 2\n    'a': 3\n", "yaml-duplicate-key", 4, 5),
    ("duplicate key in flow", "x: {a: 1, a: 1}\n", "yaml-duplicate-key", 1, 11),
    ("duplicate key by escape", 'deny: [x]\n"\\x64eny": []\n', "yaml-duplicate-key", 2, 1),
    ("duplicate key of a mapping", "a: {b: 1}\na: {b: 1, c: 2}\n", "yaml-duplicate-key", 2, 1),
    ("duplicate key with a slash", "a/~b: 1\na/~b: 2\n", "yaml-duplicate-key", 2, 1),
    ("anchor on a scalar", "a: &x 1\n", "yaml-anchor", 1, 4),
    ("anchor on a mapping", "a: &x\n  b: 1\n", "yaml-anchor", 1, 4),
    ("anchor on a list", "a: &x [1]\n", "yaml-anchor", 1, 4),
    ("anchor on a key", "&x a: 1\n", "yaml-anchor", 1, 1),
    ("anchor on nothing", "--- &x\n", "yaml-anchor", 1, 5),
    ("alias", "a: *x\n", "yaml-alias", 1, 4),
    ("alias as an item", "- 1\n- *x\n", "yaml-alias", 2, 3),
    ("alias as a key", "*x : 1\n", "yaml-alias", 1, 1),
    ("bare star", "deny: *\n", "yaml-alias", 1, 7),
    ("star pattern", "deny: [*.example.com]\n", "yaml-alias", 1, 8),
    ("bare ampersand", "a: & b\n", "yaml-anchor", 1, 4),
    ("merge key", "a:\n  <<: {b: 1}\n", "yaml-merge-key", 2, 3),
    ("core tag", "a: !!str 1\n", "yaml-tag", 1, 4),
    ("local tag", "a: !foo 1\n", "yaml-tag", 1, 4),
    ("non-specific tag", "a: ! 1\n", "yaml-tag", 1, 4),
    ("python tag", "!!python/object/apply:os.system [id]\n", "yaml-tag", 1, 1),
    ("tag on a mapping", "a: !foo {b: 1}\n", "yaml-tag", 1, 4),
    ("tag with unknown handle", "a: !e!x 1\n", "yaml-tag", 1, 4),
    ("tag that is malformed", "a: !<x 1\n", "yaml-tag", 1, 4),
    ("integer key", "a: 1\n2: b\n", "yaml-key-not-string", 2, 1),
    ("boolean key", "true: b\n", "yaml-key-not-string", 1, 1),
    ("null key", "~: b\n", "yaml-key-not-string", 1, 1),
    ("float key", "1.5: b\n", "yaml-key-not-string", 1, 1),
    ("infinite key", ".inf: b\n", "yaml-key-not-string", 1, 1),
    ("huge key", "9007199254740992: b\n", "yaml-key-not-string", 1, 1),
    ("empty key", "? \n: b\n", "yaml-key-not-string", 1, 2),
    ("colon first", ": b\n", "yaml-syntax", 1, 1),
    ("list as a key", "? [a]\n: b\n", "yaml-complex-key", 1, 3),
    ("mapping as a key", "x:\n  {a: 1}: b\n", "yaml-complex-key", 2, 3),
    ("YAML 1.1", "%YAML 1.1\n---\na: no\n", "yaml-directive", 1, 1),
    ("YAML 1.3", "%YAML 1.3\n---\na: no\n", "yaml-directive", 1, 1),
    ("two %YAML", "%YAML 1.2\n%YAML 1.2\n---\na: no\n", "yaml-directive", 2, 1),
    ("malformed %YAML", "%YAML x\n---\na: no\n", "yaml-directive", 1, 7),
    ("%TAG", "# x\n%TAG ! tag:e.com,2026:\n---\na: 1\n", "yaml-directive", 2, 1),
    ("unknown directive", "%FOO bar\n---\na: 1\n", "yaml-directive", 1, 5),
    ("NUL", "a: 1\nb: \x00\n", "yaml-binary", 2, 4),
    ("raw control character", "a: 1\nb: x\x1b[31m\n", "yaml-control-character", 2, 5),
    ("raw DEL", "a: \x7f\n", "yaml-control-character", 1, 4),
    ("raw C1", "a: é\x9b\n", "yaml-control-character", 1, 5),
    ("noncharacter", "a: \uffff\n", "yaml-control-character", 1, 4),
    ("escaped NUL", 'a: "x\\0"\n', "yaml-control-character", 1, 4),
    ("escaped escape", 'a:\n - "\\e[31m"\n', "yaml-control-character", 2, 4),
    ("escaped C1", '"\\x9b": 1\n', "yaml-control-character", 1, 1),
    ("carriage return", "# see\rdeny: []\n", "yaml-line-separator", 1, 6),
    ("line separator", "# see\u2028deny: []\n", "yaml-line-separator", 1, 6),
    ("paragraph separator", "a: 'x\u2029'\n", "yaml-line-separator", 1, 6),
    ("next line", "a: 1\nb: x\x85\n", "yaml-line-separator", 2, 5),
    ("surrogate escape", 'a: "\\ud800"\n', "yaml-surrogate", 1, 7),
    ("surrogate pair", 'a: "\\ud83d\\ude00"\n', "yaml-surrogate", 1, 7),
    ("beyond Unicode", 'a: "\\UFFFFFFFF"\n', "yaml-surrogate", 1, 7),
    ("tab before a key", "a:\n\tb: 1\n", "yaml-tab", 2, 1),
    ("tab before the first key", "\ta: 1\n", "yaml-tab", 1, 1),
    ("tab after a plain line", "a: b\n\tc: d\n", "yaml-tab", 2, 1),
    ("tab in a block scalar", "a: |\n  x\n\ty\n", "yaml-tab", 3, 1),
    ("tab between dash and key", "-\ta: 1\n  b: 2\n", "yaml-tab", 1, 2),
    ("tab between dash and item", "- \tfoo\n", "yaml-tab", 1, 3),
    ("tab between dashes", "-\t- 1\n", "yaml-tab", 1, 2),
    ("tab in a plain text", "a: b\tc\n", "yaml-tab", 1, 4),
    ("tab in a plain key", "{~\t:1}\n", "yaml-tab", 1, 2),
    ("tight question mark in a list", "a: [?b]\n", "yaml-question-mark", 1, 6),
    ("tight question mark in a mapping", "{a: 1,\n?b: 2}\n", "yaml-question-mark", 2, 2),
    ("not a number", "a: .nan\n", "yaml-number-not-finite", 1, 4),
    ("infinity", "a: [1, -.INF]\n", "yaml-number-not-finite", 1, 8),
    ("float overflow", "a: 1e400\n", "yaml-number-not-finite", 1, 4),
    ("large integer", "a: 9007199254740992\n", "yaml-integer-range", 1, 4),
    ("large negative integer", "a: -9007199254740992\n", "yaml-integer-range", 1, 4),
    ("large hexadecimal", "a: 0x20000000000000\n", "yaml-integer-range", 1, 4),
    ("10,000 digits", "a: " + "9" * 10_000 + "\n", "yaml-integer-range", 1, 4),
    ("unclosed quote", 'a: 1\nb: "x\nc: 2\n', "yaml-syntax", 2, 4),
    ("quote over documents", "a: 'x\n---\nb: y\n", "yaml-syntax", 1, 4),
    ("unclosed bracket", "a: [1\nb: 2\n", "yaml-syntax", 2, 2),
    ("unclosed brace", "a: {x: 1\n", "yaml-syntax", 2, 1),
    ("colon before a brace", "{a:}\n", "yaml-syntax", 1, 3),
    ("colon first in a list", "[:a]\n", "yaml-syntax", 1, 2),
    ("stray bracket", "a: ]\n", "yaml-syntax", 1, 4),
    ("value in a value", "a: b: c\n", "yaml-syntax", 1, 5),
    ("wrong indentation", "a: 1\n b: 2\n", "yaml-syntax", 2, 3),
    ("item among keys", "a: [b]\n- c\n", "yaml-syntax", 2, 1),
    ("key among items", "- a\nb: c\n", "yaml-syntax", 2, 1),
    ("item on the key's line", "a: - b\n", "yaml-syntax", 1, 4),
    ("unknown escape", 'a: "\\d+"\n', "yaml-syntax", 1, 5),
    ("short escape", 'a: "\\xg"\n', "yaml-syntax", 1, 7),
    ("at sign", "a: @b\n", "yaml-syntax", 1, 4),
    ("backtick", "- `b`\n", "yaml-syntax", 1, 3),
    ("percent sign", "a: %b\n", "yaml-syntax", 1, 4),
    ("key without a value", "a: 1\nb\nc: 2\n", "yaml-syntax", 3, 1),
    ("text after the end", "a: 1\n...\nb: 2\n", "yaml-syntax", 3, 1),
]


@pytest.mark.parametrize(("text", "code", "line", "col"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED])
def test_refusal_names_the_place(text: str, code: str, line: int, col: int) -> None:
    _, problems = read(text)
    assert found(problems) == [(code, line, col)]
    assert problems[0].severity is Severity.ERROR


def test_a_refused_document_is_left_out_and_the_others_are_read() -> None:
    documents, problems = read("a: 1\n---\na: 1\na: 2\nb: &x 1\n---\nc: 3\n---\nd: [\n")
    assert [document.value for document in documents] == [{"a": 1}, {"c": 3}]
    assert found(problems) == [("yaml-duplicate-key", 4, 1), ("yaml-anchor", 5, 4), ("yaml-syntax", 10, 1)]


def test_a_duplicate_key_says_where_the_first_one_is() -> None:
    _, problems = read("a: 1\nb:\n  deny: 2\n  deny: 3\n")
    assert "`deny`" in problems[0].message
    assert "line 3, column 3" in problems[0].message


def test_members_of_refused_keys_are_no_duplicates_of_others() -> None:
    text = '? {a: 1}\n: 1\n? {a: 2}\n: 2\n*x : 3\n"": 4\na: 5\n'
    assert {code for code, _, _ in found(read(text)[1])} == {"yaml-complex-key", "yaml-alias"}


def test_an_open_bracket_says_where_it_opened() -> None:
    _, problems = read("a: [1,\n  2,\nb: {\n")
    assert found(problems) == [("yaml-syntax", 4, 1)]
    _, problems = read("a: [1\n\n")
    assert "opened on line 1" in problems[0].message


def test_messages_hold_nothing_that_a_terminal_would_obey() -> None:
    _, problems = read('"\\e]0;x\\a": 1\n"\\e]0;x\\a": 2\n' + "k" * 500 + ": 1\n" + "k" * 500 + ": 1\n")
    assert [code for code, _, _ in found(problems)] == [
        "yaml-control-character",
        "yaml-control-character",
        "yaml-duplicate-key",
        "yaml-duplicate-key",
    ]
    assert all(len(problem.message) < 200 for problem in problems)


@pytest.mark.parametrize(
    ("character", "name"),
    [
        ("\u202e", "RIGHT-TO-LEFT OVERRIDE"),
        ("\u2066", "LEFT-TO-RIGHT ISOLATE"),
        ("\u200b", "ZERO WIDTH SPACE"),
        ("\u00ad", "SOFT HYPHEN"),
        ("\u3164", "HANGUL FILLER"),
        ("\U000e0041", "TAG LATIN CAPITAL LETTER A"),
        ("\ufe01", "VARIATION SELECTOR-2"),
        ("\U000e0101", "VARIATION SELECTOR-18"),
    ],
)
def test_invisible_characters_warn_also_in_comments(character: str, name: str) -> None:
    documents, problems = read(f"a: 1 # {character}x\nb: é{character}\n")
    assert found(problems) == [("yaml-invisible-character", 1, 8), ("yaml-invisible-character", 2, 5)]
    assert all(problem.severity is Severity.WARNING and name in problem.message for problem in problems)
    assert [document.value for document in documents] == [{"a": 1, "b": f"é{character}"}]


def test_an_escape_shows_what_it_makes_and_needs_no_warning() -> None:
    assert value('a: "\\u202E\\r\\n\\t\\U0001F600"\n') == {"a": "\u202e\r\n\t\U0001f600"}
    assert value("a: ❤️ 日本語 é\n") == {"a": "❤️ 日本語 é"}


@pytest.mark.parametrize(
    ("data", "code", "line", "col"),
    [
        (b"a: 1\nb: \xe9t\xe9\n", "yaml-not-utf8", 2, 4),
        (b"\xc3\xa9: \xed\xa0\x80\n", "yaml-not-utf8", 1, 4),
        (b"a: \xc0\x80\n", "yaml-not-utf8", 1, 4),
        ("a: 1\n".encode("utf-16"), "yaml-not-utf8", 1, 1),
        (b"\xfe\xff" + "a: 1\n".encode("utf-16-be"), "yaml-not-utf8", 1, 1),
        ("a: 1\n".encode("utf-32"), "yaml-not-utf8", 1, 1),
        ("a: 1\n".encode("utf-16-le"), "yaml-binary", 1, 2),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "yaml-binary", 3, 1),
        (b"\x7fELF\x02\x01\x01\x00", "yaml-binary", 1, 8),
    ],
)
def test_bytes_that_are_no_text_are_refused(data: bytes, code: str, line: int, col: int) -> None:
    documents, problems = compose(data, file="a/b.yaml")
    assert (documents, found(problems)) == ([], [(code, line, col)])


def test_a_utf8_byte_order_mark_counts_for_nothing() -> None:
    documents, problems = compose(b"\xef\xbb\xbfa: 1\n", file="a/b.yaml")
    assert problems == []
    assert documents[0].value == {"a": 1}
    assert documents[0].location("/a") == Location("a/b.yaml", 1, 1)
    assert found(compose(b"\xef\xbb\xbfa: 1\na: 2\n\x01", file="a/b.yaml")[1]) == [("yaml-control-character", 3, 1)]


PLAIN = [
    # Section 10.3.2 of YAML 1.2.2, by hand.
    ("null", None), ("Null", None), ("NULL", None), ("~", None), ("", None), ("nULL", "nULL"),
    ("None", "None"), ("true", True), ("True", True), ("TRUE", True), ("tRUE", "tRUE"), ("false", False),
    ("False", False), ("FALSE", False), ("yes", "yes"), ("Yes", "Yes"), ("no", "no"), ("NO", "NO"),
    ("on", "on"), ("off", "off"), ("y", "y"), ("n", "n"), ("0", 0), ("-0", 0), ("+1", 1), ("-19", -19),
    ("010", 10), ("-012", -12), ("08", 8), ("00", 0), ("0o14", 12), ("0o7", 7), ("0o8", "0o8"),
    ("-0o7", "-0o7"), ("0O7", "0O7"), ("0o", "0o"), ("0xC", 12), ("0xfF", 255), ("0x", "0x"),
    ("0xG", "0xG"), ("-0x1", "-0x1"), ("+0x1", "+0x1"), ("0Xc", "0Xc"), ("9007199254740991", 2**53 - 1),
    ("-9007199254740991", -(2**53) + 1), ("0x1FFFFFFFFFFFFF", 2**53 - 1), ("0b1", "0b1"),
    ("1_000", "1_000"), ("0x1_0", "0x1_0"), ("1,000", "1,000"), ("1:30", "1:30"),
    ("190:20:30", "190:20:30"), ("1.", 1.0), (".5", 0.5), ("-.5", -0.5), ("+1.5", 1.5), ("0.", 0.0),
    ("-0.0", -0.0), ("12e03", 12000.0), ("-2E+05", -200000.0), ("1e3", 1000.0), (".5e1", 5.0),
    ("1.e1", 10.0), ("1e-400", 0.0), ("010.5", 10.5), (".", "."), ("+", "+"), ("-.", "-."),
    ("e3", "e3"), ("1e", "1e"), ("1e+", "1e+"), (".e1", ".e1"), ("1.5.2", "1.5.2"), ("1_0.5", "1_0.5"),
    ("--1", "--1"), ("+-1", "+-1"), ("1 2", "1 2"), ("1h", "1h"), ("15m", "15m"), (".Nan", ".Nan"),
    ("nan", "nan"), ("inf", "inf"), ("+.nan", "+.nan"), (".infinity", ".infinity"),
    ("Infinity", "Infinity"), ("2026-11-20", "2026-11-20"),
    ("2026-11-20T10:00:00Z", "2026-11-20T10:00:00Z"), ("12:00:00", "12:00:00"),
    ("\u0661\u0662", "\u0661\u0662"), ("\uff11", "\uff11"), ("1\u0660", "1\u0660"), ("<<", "<<"),
    ("=", "="), ("a#b", "a#b"), ("a:b", "a:b"), ("-1-", "-1-"), ("~a", "~a"), ("0.1.0", "0.1.0"),
    ("127.0.0.1", "127.0.0.1"), ("1e5x", "1e5x"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PLAIN)
def test_plain_scalars_follow_the_core_schema(text: str, expected: Any) -> None:
    flow = [] if "," in text else [f"{{k: {text} }}\n"]
    for written in [f"k: {text}\n", f"a: 1\nk:\n  {text}\n", *flow]:
        composed = value(written)["k"]
        assert type(composed) is type(expected)
        assert composed == expected
        assert not isinstance(expected, float) or math.copysign(1, composed) == math.copysign(1, expected)


@pytest.mark.parametrize("text", [row[0] for row in PLAIN])
def test_quoted_and_block_scalars_are_strings(text: str) -> None:
    assert value(f"- '{text}'\n- \"{text}\"\n- |-\n  {text}\n- >-\n  {text}\n") == [text] * 4
    assert value(f"'{text}': 1\n") == {text: 1}


def test_words_that_yaml_1_1_took_for_booleans_are_keys() -> None:
    assert list(value("on: 1\nyes: 2\nNo: 3\n2026-11-20: 4\n1:30: 5\n")) == [
        "on",
        "yes",
        "No",
        "2026-11-20",
        "1:30",
    ]


def test_question_marks() -> None:
    assert value("[a?b, '?c', {? d : 1}]\n") == ["a?b", "?c", {"d": 1}]
    assert value("?a: ?b\n? c\n: - ?d\n") == {"?a": "?b", "c": ["?d"]}


def test_a_quoted_merge_key_is_a_name() -> None:
    assert value("'<<': 1\n") == {"<<": 1}


def test_keys_keep_their_order_and_windows_line_ends_are_line_ends() -> None:
    assert list(value("z: 1\r\na: |\r\n  x\r\n  y\r\nm: 3\r\n").items()) == [
        ("z", 1),
        ("a", "x\ny\n"),
        ("m", 3),
    ]


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# only a comment\n", "---\n", "---\n...\n", "# a\n---\n# b\n---\n", " \n"]
)
def test_empty_documents_are_left_out(text: str) -> None:
    assert read(text) == ([], [])


def test_what_is_written_is_not_empty() -> None:
    assert [document.value for document in read("--- null\n--- ''\n--- {}\n---\n--- []\n")[0]] == [
        None,
        "",
        {},
        [],
    ]


def test_yaml_1_2_may_be_declared() -> None:
    documents, problems = read("%YAML 1.2\n---\na: no\n...\n%YAML 1.2\n---\nb: on\n")
    assert [document.value for document in documents] == [{"a": "no"}, {"b": "on"}]
    assert problems == []


def test_tabs_where_they_separate_are_allowed() -> None:
    assert value("a:\tb\nc: [1,\t2] \t# x\nd: |\n  x\n  \ty\n-e: 'x\ty'\n") == {
        "a": "b",
        "c": [1, 2],
        "d": "x\n\ty\n",
        "-e": "x\ty",
    }


NESTED = """\
# comment
apiVersion: clawforge/v1
metadata: {name: eng, labels: {team: "é", x: 1}}
spec:
  tools:
    deny:
      - exec
      -   web
      - - deep
        - deeper
    ask: [a,
      b, {c: d}]
  text: |
    line
  a/b~c: 1
  nothing:
---
- 1
- k:
    v
---   # third

  last: x
"""


def test_positions_of_keys_items_and_values() -> None:
    documents, problems = read(NESTED)
    assert problems == []
    first, second, third = documents
    assert [(d.line, d.col) for d in documents] == [(2, 1), (18, 1), (23, 3)]
    expected = {
        "": ((2, 1), (2, 1)),
        "/apiVersion": ((2, 1), (2, 13)),
        "/metadata": ((3, 1), (3, 11)),
        "/metadata/name": ((3, 12), (3, 18)),
        "/metadata/labels": ((3, 23), (3, 31)),
        "/metadata/labels/team": ((3, 32), (3, 38)),
        "/metadata/labels/x": ((3, 43), (3, 46)),
        "/spec": ((4, 1), (5, 3)),
        "/spec/tools": ((5, 3), (6, 5)),
        "/spec/tools/deny": ((6, 5), (7, 7)),
        "/spec/tools/deny/0": ((7, 9), (7, 9)),
        "/spec/tools/deny/1": ((8, 11), (8, 11)),
        "/spec/tools/deny/2": ((9, 9), (9, 9)),
        "/spec/tools/deny/2/0": ((9, 11), (9, 11)),
        "/spec/tools/deny/2/1": ((10, 11), (10, 11)),
        "/spec/tools/ask": ((11, 5), (11, 10)),
        "/spec/tools/ask/0": ((11, 11), (11, 11)),
        "/spec/tools/ask/1": ((12, 7), (12, 7)),
        "/spec/tools/ask/2": ((12, 10), (12, 10)),
        "/spec/tools/ask/2/c": ((12, 11), (12, 14)),
        "/spec/text": ((13, 3), (13, 9)),
        "/spec/a~1b~0c": ((15, 3), (15, 10)),
        "/spec/nothing": ((16, 3), (16, 11)),
    }
    assert {p: (first.location(p)[1:], first.value_location(p)[1:]) for p in first.positions} == expected
    assert {p: second.location(p)[1:] for p in second.positions} == {
        "": (18, 1),
        "/0": (18, 3),
        "/1": (19, 3),
        "/1/k": (19, 3),
    }
    assert second.value_location("/1/k") == Location("a/b.yaml", 20, 5)
    assert third.value_location("/last") == Location("a/b.yaml", 23, 9)


def test_a_pointer_to_what_was_not_written_falls_back_to_its_nearest_ancestor() -> None:
    document = read("spec:\n  tools: {}\n")[0][0]
    assert document.location("/spec/tools/deny/0") == document.location("/spec/tools") == Location("a/b.yaml", 2, 3)
    assert document.value_location("/spec/tools/deny") == Location("a/b.yaml", 2, 10)
    assert document.location("/metadata/name") == document.location() == Location("a/b.yaml", 1, 1)
    assert document.location("nonsense") == Location("a/b.yaml", 1, 1)


def test_documents_share_the_strings_of_their_pointers() -> None:
    pointers = PointerTree()
    one = compose(b"a: {b: [1]}\n", file="1.yaml", pointers=pointers)[0][0]
    two = compose(b"a: {b: [2]}\n", file="2.yaml", pointers=pointers)[0][0]
    assert all(left is right for left, right in zip(one.positions, two.positions, strict=True))


@pytest.mark.parametrize(("line", "col"), [(1, 1), (1, 4094), (1, 4095), (300_000, 80), (4_194_304, 4095)])
def test_pack_and_unpack_are_inverse(line: int, col: int) -> None:
    assert unpack(pack(line, col)) == (line, col)


def test_columns_too_large_to_pack_become_the_largest() -> None:
    assert unpack(pack(7, 5000)) == (7, 4095)
    text = "{" + ", ".join(f"k{index}: 1" for index in range(1000)) + ", k0: 2}"
    assert found(read(text)[1]) == [("yaml-duplicate-key", 1, text.rindex("k0") + 1)]


def test_100_mb_are_refused_by_their_size() -> None:
    assert found(compose(b"[" * 100_000_000, file="a/b.yaml")[1]) == [("yaml-too-large", 1, 1)]
    assert size_problem(Limits().max_bytes, file="x", limits=Limits()) is None
    problem = size_problem(Limits().max_bytes + 1, file="a/b.yaml", limits=Limits())
    assert problem is not None
    assert found([problem]) == [("yaml-too-large", 1, 1)]


def test_limits_are_exact() -> None:
    limits = Limits(max_bytes=40, max_depth=3, max_nodes=5, max_documents=2, max_scalar=8)
    assert read("[[[1]]]", limits)[1] == []
    assert found(read("[[[[1]]]]", limits)[1]) == [("yaml-too-deep", 1, 4)]
    assert read("a: [1, 2, 3]", limits)[1] == []
    assert found(read("a: [1, 2, 3, 4]", limits)[1]) == [("yaml-too-many-nodes", 1, 14)]
    assert found(read("--- [1, 2]\n--- [1, 2]", limits)[1]) == [("yaml-too-many-nodes", 2, 9)]
    assert read("--- 1\n--- 2", limits)[1] == []
    assert found(read("--- 1\n--- 2\n--- 3", limits)[1]) == [("yaml-too-many-documents", 3, 1)]
    assert read("a: 12345678", limits)[1] == []
    assert found(read("a: 'x23456789'", limits)[1]) == [("yaml-scalar-too-long", 1, 4)]
    assert found(read("x23456789: 1", limits)[1]) == [("yaml-scalar-too-long", 1, 1)]
    assert read("a: " + "x" * 37, Limits(max_bytes=40))[1] == []
    assert found(read("a: " + "x" * 38, Limits(max_bytes=40))[1]) == [("yaml-too-large", 1, 1)]


def test_documents_before_a_limit_are_kept() -> None:
    documents, problems = read("a: 1\n---\n" + "[" * 40 + "]" * 40 + "\n---\nb: 2\n")
    assert [document.value for document in documents] == [{"a": 1}]
    assert found(problems) == [("yaml-too-deep", 3, 33)]


def test_too_many_problems_end_the_reading() -> None:
    _, problems = read("a: 1\n" * 5000)
    assert len(problems) == 101
    assert found(problems)[-2:] == [("yaml-duplicate-key", 101, 1), ("yaml-too-many-problems", 101, 1)]
    assert len(read("# \u200b\n" * 5000)[1]) == 100
    assert len(read("\x01\n" * 5000)[1]) == 100


ALIAS_BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40))
HALF = 2 * 1024 * 1024
BOMBS = [
    ("aliases", ALIAS_BOMB, "yaml-anchor"),
    ("brackets", "[" * 100_000, "yaml-too-deep"),
    ("braces", "{" * 100_000, "yaml-complex-key"),
    ("dashes", "- " * 100_000, "yaml-too-deep"),
    ("question marks", "? " * 100_000, "yaml-complex-key"),
    ("a million values", "- 1\n" * 1_000_000, "yaml-too-many-nodes"),
    ("a million documents", "---\n" * 1_000_000, "yaml-too-many-documents"),
    ("%TAG lines", "%TAG !a! x\n" * (HALF // 6), "yaml-directive"),
    ("one scalar", "a: '" + "x" * HALF + "'", "yaml-scalar-too-long"),
    ("one block scalar", "a: |\n" + " x\n" * (HALF // 2), "yaml-scalar-too-long"),
    ("one tag", "a: !" + "x" * HALF, "yaml-tag"),
    ("digits", "a: " + "9" * HALF, "yaml-integer-range"),
    ("quotes", '"" ' * (HALF // 2), "yaml-syntax"),
    ("tabs", "\t" * HALF, "yaml-tab"),
]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(("text", "code"), [row[1:] for row in BOMBS], ids=[row[0] for row in BOMBS])
def test_bombs_are_refused_early(text: str, code: str) -> None:
    _, problems = read(text)
    assert code in {code for code, _, _ in found(problems)}
