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
from official_formats import junit_problems, sarif_problems

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge.lint.report import Acceptance, Reported
from clawforge_cli.source_lines import SourceLines
from clawforge_cli.views.lint_github import data_text, property_text, show_annotations
from clawforge_cli.views.lint_junit import junit
from clawforge_cli.views.lint_markdown import markdown_text
from clawforge_cli.views.lint_sarif import message_text, sarif
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
    assert junit_problems(document) == []
    suites = ElementTree.fromstring(document)
    assert len(list(suites.iter("testcase"))) == max(1, len(texts))
    if accepted:
        assert [case.get("message") for case in suites.iter("skipped")].count(None) == 0


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_sarif_carries_the_text_without_links_and_placeholders(text: str) -> None:
    # No file has a name with U+0000.
    text = text.encode("utf-8", "replace").decode().replace("\x00", "")
    document = sarif([reported(text)], ["mark"], "p/", "1.0.0", SourceLines(Path("nowhere")))
    assert sarif_problems(document) == []
    (result,) = document["runs"][0]["results"]
    written = result["message"]["text"]
    assert not acts(written)
    assert "](" not in written
    assert written.replace("{{", "").replace("}}", "").count("{") == 0
    assert message_text("{0} [a](b)") == "{{0}} [a] (b)"
    uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert unquote(uri) == f"p/{text or 'x'}"
