"""Untrusted text is text in every form of lint's output: no markup, no command, no terminal sequence."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge.lint.report import Acceptance, Reported
from clawforge.load.project import Project
from clawforge_cli.views.lint_github import data_text, property_text, show_annotations
from clawforge_cli.views.lint_junit import junit
from clawforge_cli.views.lint_markdown import markdown_text
from clawforge_cli.views.lint_sarif import message_text, sarif
from clawforge_cli.views.source_excerpt import excerpt
from clawforge_cli.views.terminal import Printer, safe

HOSTILE = (
    "\x1b[31m",
    "\u202e",
    "\u200b",
    "\x9b",
    "\r\n::error::x",
    "::set-env name=a::b",
    "%0A",
    "]]>",
    "<b>&amp;",
    "[a](https://evil.example)",
    "https://evil.example",
    "www.evil.example",
    "@everyone",
    "#1",
    "| a |",
    "`",
    "**",
    "{0}",
    "\ufffe",
    "\ud800",
    "日本",
    "e\u0301",
    ":smile:",
    "\\",
)
PARTS = (*HOSTILE, "key: ", "- ", "'a'", '"b"', " # c", "[x, ", "x" * 90)
TEXTS = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=5), max_size=5).map("".join)
MARKDOWN = MarkdownIt("commonmark").enable("table")


def acts(text: str) -> bool:
    """Whether anything in it would do more than be shown; a line feed ends a line."""
    return any(unicodedata.category(item) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for item in text.replace("\n", ""))


def reported(text: str, severity: Severity = Severity.ERROR, acceptance: Acceptance | None = None) -> Reported:
    place = Location(text or "x", 3, 1)
    return Reported(Diagnostic("some-code", text, place, text, severity), "some-code", None, acceptance)


@settings(max_examples=150, deadline=None)
@given(TEXTS)
@example("\r\n::error::x,y:z%")
def test_a_workflow_command_is_one_line_and_comes_back(text: str) -> None:
    line = property_text(text)
    assert not set(line) & set("\r\n:,")
    assert not acts(line)
    back = line.replace("%2C", ",").replace("%3A", ":").replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    assert back == safe(text)
    assert "\n" not in data_text(text)
    assert "\r" not in data_text(text)


def test_one_annotation_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    show_annotations([reported("".join(HOSTILE[:8]))], "p/", Printer(colour=False))
    printed = capsys.readouterr().out
    assert printed.count("\n") == 1
    assert printed.startswith("::error file=p/")
    assert "\n::" not in printed, "a command counts at the start of a line only"


@settings(max_examples=150, deadline=None)
@given(TEXTS.map(lambda text: text.replace("\ufffe", "")).filter(lambda text: text.strip() != ""))
def test_markdown_shows_the_text_and_nothing_else(text: str) -> None:
    written = markdown_text(text)
    assert not acts(written)
    assert not re.search(r"(?<!\\)[:.]", written), "no address is whole"
    assert not re.search(r"[@#](?!<!-- -->)", written)
    rendered = MARKDOWN.render(f"| a |\n|-|\n| {written} |\n")
    cell = rendered.partition("<tbody>")[2].partition("</tbody>")[0].replace("<!-- -->", "")
    row = ElementTree.fromstring(cell)
    assert [item.tag for item in row.iter()] == ["tr", "td"]
    assert (row[0].text or "") == safe(text).strip()


@settings(max_examples=150, deadline=None)
@given(st.lists(TEXTS, max_size=4), st.sampled_from(Severity), st.booleans())
def test_junit_is_xml_that_says_the_same(texts: list[str], severity: Severity, accepted: bool) -> None:
    items = [reported(text, severity, Acceptance(text or "x") if accepted else None) for text in texts]
    document = junit(items)
    assert not acts(document)
    suites = ElementTree.fromstring(document)
    assert len(list(suites.iter("testcase"))) == max(1, len(texts))
    if accepted:
        assert [case.get("message") for case in suites.iter("skipped")].count(None) == 0


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_sarif_carries_the_text_without_links_and_placeholders(text: str) -> None:
    project = Project(Path(), None, (), ())
    text = text.encode("utf-8", "replace").decode()
    (result,) = sarif([reported(text)], project, "p/", "1.0.0")["runs"][0]["results"]
    written = result["message"]["text"]
    assert "](" not in written
    assert written.replace("{{", "").replace("}}", "").count("{") == 0
    assert message_text("{0} [a](b)") == "{{0}} [a] (b)"
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert unquote(uri) == f"p/{text or 'x'}"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=6), st.data())
def test_carets_stand_under_the_place(parts: list[str], data: st.DataObject) -> None:
    line = "".join(parts).replace("\n", " ").replace("\r", " ")
    col = data.draw(st.integers(1, len(line) + 2))
    shown = excerpt(line, col)
    assert not acts(shown.line)
    assert set(shown.carets.lstrip(" ")) == {"^"}
    assert len(shown.carets) < 2000
    if line.isascii() and line.isprintable() and len(line) <= 110 and col <= len(line):
        assert len(shown.carets) - len(shown.carets.lstrip(" ")) == col - 1
        assert len(shown.carets) <= len(line)


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
    shown = excerpt(line, col)
    start = len(shown.carets) - len(shown.carets.lstrip(" "))
    assert shown.line[start : len(shown.carets)] == marked


def test_carets_count_columns_of_a_terminal() -> None:
    assert excerpt("日本: e\u0301x", 1).carets == "^" * 8
    assert excerpt("日本: [x]", 6).carets == " " * 7 + "^"
