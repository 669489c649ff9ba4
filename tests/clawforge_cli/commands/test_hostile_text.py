"""Whatever stands in names, messages, patterns, comments and file names, nothing in the output acts, in any form: not
on a terminal, not in a log, not in what a program decodes, not on a page.
"""

from __future__ import annotations

import contextlib
import html.parser
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from official_formats import junit_problems, sarif_problems

from clawforge_cli.__main__ import run

PARTS = (
    *("\x1b[31m", "\x1b]8;;https://evil.example\x07", "\r", "\n", "\x00", "\x07", "\x7f", "\x85", "\x9b31m"),
    *("\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u2028", "\U000e0041", "\ufffe"),
    *("](javascript:alert(1))", "![x](https://evil.example/x.png)", "| a | b |", "`", "**", "~~", "<b>", "<script>"),
    *("&lt;", "@everyone", "#1", "https://evil.example", "www.evil.example", "a@evil.example", ":smile:"),
    *("::error::x", "::add-mask::e", "\n::error::x", "##[error]x", "##vso[task.x]", "%0A", "%0D", "%25"),
    *("]]>", "{0}", "}}", "\\", "'", '"', "$(id)", "plain", "日本", "e\u0301"),
)
TEXTS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map("".join)
PROJECT = """apiVersion: clawforge/v1
kind: Project
org: acme
source: main
"""
RESOURCES = """apiVersion: clawforge/v1
kind: Policy
metadata:
  name: everybody
  labels: {{team: {text}}}
  annotations: {{{text}: {text}}}
spec:
  appliesTo: {{groups: [{text}, staff]}}
  description: {text}
  message: {text}
  tools: {{deny: [{text}], allow: ["*", {text}]}}
  exec: {{mode: full, deny: [{text}], allow: [{text}]}}
  paths: {{deny: [{text}]}}
---
apiVersion: clawforge/v1
kind: {text}
metadata: {{name: {text}}}
spec: {{}}
---
apiVersion: clawforge/v1
kind: DlpRuleSet
metadata: {{name: dlp}}
spec:
  appliesTo: everyone
  rules:
    - {{id: {text}, pattern: {text}, action: block}}
    - {{id: a, detector: {text}, action: block, {text}: 1}}
---
apiVersion: clawforge/v1
kind: Waiver
metadata: {{name: w}}
spec: {{rule: {text}, resource: {text}, reason: {text}, expires: {text}}}
---
apiVersion: clawforge/v1
kind: User
metadata: {{name: ada, {text}: b}}
spec: {{email: {text}}}
"""
TESTS = """apiVersion: clawforge/v1
kind: Policy
metadata: {{name: base}}
spec:
  appliesTo: everyone
  exec: {{mode: allowlist, allow: [git status]}}
---
apiVersion: clawforge/v1
kind: User
metadata: {{name: ada}}
spec: {{email: ada@acme.example}}
---
apiVersion: clawforge/v1
kind: PolicyTest
metadata: {{name: t}}
spec:
  cases:
    - name: {text}
      subject: {{user: ada}}
      call: {{tool: exec, params: {{command: {text}}}}}
      expect: {{effect: allow}}
    - name: unlike
      subject: {{user: ada}}
      call: {{tool: {text}}}
      expect: {{effect: ask}}
    - name: plain
      subject: {{user: ada}}
      call: {{tool: read, params: {{path: {text}, {text}: {text}}}}}
      expect: {{effect: deny}}
"""
ACCEPTED = """\
apiVersion: clawforge/v1
kind: Policy
metadata: {{name: base, annotations: {{note: {text}}}}}
spec:
  appliesTo: everyone
  message: {text}
  exec: {{mode: deny, deny: ["rm **"]}}
---
apiVersion: clawforge/v1
kind: Policy
metadata: {{name: other}}
spec:
  appliesTo: {{users: [ada]}}
  mode: overlay
  message: {text}
  exec: {{deny: [{text}]}}  # clawforge: ignore[exec-deny-best-effort] reason={text} until=2099-02-03
---
apiVersion: clawforge/v1
kind: User
metadata: {{name: ada}}
spec: {{email: ada@acme.example, displayName: {text}}}
---
apiVersion: clawforge/v1
kind: Waiver
metadata: {{name: w}}
spec: {{rule: exec-deny-best-effort, resource: Policy/base, reason: {text}, expires: 2099-02-03}}
"""
SUPPRESSED = "metadata: {{name: x}}  # clawforge: ignore[{text}] reason={text} until=2099-02-30\n"
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
LINT_FORMS = ("text", "json", "sarif", "junit", "github", "markdown")
TEST_FORMS = ("text", "json", "junit", "github")
ACTING = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "clawforge.yaml").write_text(PROJECT)
    return folder


def filled(template: str, text: str) -> str:
    """The template with the text as a scalar in double quotes, which YAML reads as it reads JSON."""
    return template.format(text=json.dumps(text))


def output(*arguments: str | Path) -> str:
    """What the program prints, on both streams."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run([str(argument) for argument in arguments])
    assert code in {0, 1, 3}, (arguments, err.getvalue())
    assert not acting(err.getvalue().replace("\n", "")), ascii(err.getvalue())
    assert_no_command(err.getvalue())
    assert "should not" not in err.getvalue(), err.getvalue()
    return out.getvalue()


def acting(text: str) -> set[str]:
    return {ascii(item) for item in text if unicodedata.category(item) in ACTING}


def assert_no_command(text: str) -> None:
    """Nothing that a build service takes for a command."""
    assert not re.search(r"##(\[|vso\[|teamcity\[)", text, re.IGNORECASE)
    assert not re.search(r"^\s*::", text, re.MULTILINE)


def texts(document: Any) -> Iterator[str]:
    if isinstance(document, str):
        yield document
    elif isinstance(document, dict):
        for key, value in document.items():
            yield key
            yield from texts(value)
    elif isinstance(document, list):
        for value in document:
            yield from texts(value)


class Page(html.parser.HTMLParser):
    """The tags of a page, and whether one carries anything but its alignment."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert not attrs, (tag, attrs)
        self.tags.add(tag)


def assert_harmless(form: str, printed: str) -> None:
    if form in {"json", "sarif"}:
        document = json.loads(printed)
        if form == "sarif":
            assert sarif_problems(document) == []
            document["runs"][0].pop("tool")
        assert not {found for text in texts(document) for found in acting(text)}
    elif form == "junit":
        assert junit_problems(printed) == []
        tree = ElementTree.fromstring(printed)
        said = "".join(part for item in tree.iter() for part in (*item.attrib.values(), item.text or ""))
        assert not acting(said.replace("\n", ""))
    elif form == "github":
        assert all(re.match("::(error|warning|notice) |[0-9]+ passed", line) for line in printed.splitlines())
        said = re.sub("%0A", "\n", printed)
        assert not acting(said.replace("\n", ""))
    elif form == "markdown":
        page = Page()
        page.feed(MARKDOWN.render(printed))
        assert page.tags <= {"h3", "p", "table", "thead", "tbody", "tr", "th", "td"}
        assert not re.search(r"[@#](?!<!-- -->)", printed.removeprefix("### "))
    if form == "github":
        printed = re.sub("^::(error|warning|notice) ", "", printed, flags=re.MULTILINE)
    assert not acting(printed.replace("\n", "")), ascii(printed)
    assert_no_command(printed)


HOSTILE = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@HOSTILE
@given(TEXTS, st.booleans())
@example("\x1b[31m\u202e\r", True)
@example("](javascript:alert(1))| a | b |`<b>@everyone#1", False)
@example("##[error]x\n::error::x%0A", False)
def test_what_lint_says(root: Path, text: str, raw: bool) -> None:
    (root / "tests.yaml").unlink(missing_ok=True)
    written = RESOURCES.format(text=text) if raw else filled(RESOURCES, text) + filled(SUPPRESSED, text)
    (root / "x.yaml").write_bytes(written.encode("utf-8", "surrogatepass"))
    for form in LINT_FORMS:
        assert_harmless(form, output("lint", root, "--format", form))
    assert_harmless("text", output("lint", root, "--statistics"))
    assert_harmless("json", output("lint", root, "--statistics", "--format", "json"))


@HOSTILE
@given(TEXTS)
@example("\u202e\u200b\U000e0041")
@example("##[error]x\n::error::x%0A](javascript:alert(1))")
def test_what_is_said_of_what_is_accepted_planned_and_laid_out(root: Path, text: str) -> None:
    (root / "tests.yaml").unlink(missing_ok=True)
    (root / "x.yaml").write_text(filled(ACCEPTED, text))
    for form in LINT_FORMS:
        assert_harmless(form, output("lint", root, "--format", form))
    assert_harmless("text", output("plan", root, "--offline", "--detail"))
    assert_harmless("text", output("fmt", root, "--diff"))
    assert_harmless("text", output("effective", root, "--user", "ada"))


@HOSTILE
@given(TEXTS)
@example("\u202e\u200b\U000e0041")
@example("##[error]x\n::error::x%0A")
def test_what_test_says(root: Path, text: str) -> None:
    (root / "x.yaml").unlink(missing_ok=True)
    (root / "tests.yaml").write_text(filled(TESTS, text))
    for form in TEST_FORMS:
        printed = output("test", root, "--format", form)
        # A control character ends the reading; then there is nothing to print.
        if printed:
            assert_harmless(form, printed)
            assert "unlike" in printed


@HOSTILE
@given(TEXTS)
@example("\x1b[31m\u202e\r")
@example("::error::x")
def test_what_is_said_of_arguments(root: Path, text: str) -> None:
    text = text.replace("\x00", "")
    for arguments in (
        [text],
        [f"--{text}"],
        ["lint", f"--{text}"],
        ["lint", root / text.replace("/", "")[:40]],
        ["lint", root, "--format", text],
        ["lint", root, "--select", text],
        ["lint", root, "--explain", text],
        ["agent", text],
    ):
        assert_harmless("text", output(*arguments))


@HOSTILE
@given(TEXTS.map(lambda text: text.replace("\x00", "").replace("/", "")).filter(lambda text: len(text.encode()) < 200))
@example("\n::error::x")
@example("##[error]x")
@example("a@evil.example | b")
def test_names_of_files(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    folder = tmp_path_factory.mktemp("named")
    (folder / "clawforge.yaml").write_text(PROJECT)
    (folder / f"{text}.yaml").write_text("kind: [\n")
    for form in LINT_FORMS:
        printed = output("lint", folder, "--format", form)
        assert_harmless(form, printed)
        if form != "sarif":
            assert "Traceback" not in printed


def test_a_file_name_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "clawforge.yaml").write_text(PROJECT)
    with open(bytes(tmp_path) + b"/\xff\x9b.yaml", "w") as file:
        file.write("kind: [\n")
    for form in LINT_FORMS:
        printed = output("lint", tmp_path, "--format", form)
        assert_harmless(form, printed)
        assert "file-name" in printed.replace("\\", "")
