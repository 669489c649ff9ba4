"""Whatever code is printed, people can ask what it means, choose it, and speak of it; and no other code is printed."""

from __future__ import annotations

import ast
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import clawforge.lint
import clawforge.load
from clawforge.diagnostic import Severity
from clawforge.errors import InputError
from clawforge.lint.acceptance import CODES as ACCEPTANCE
from clawforge.lint.codes import codes, not_known, severity_of
from clawforge.lint.engine import examine
from clawforge.lint.levels import CODES as SETTINGS
from clawforge.lint.pages import LOADING as LOADING_PAGE
from clawforge.lint.pages import page_of, pages
from clawforge.lint.registry import RULES
from clawforge.lint.report import LintReport, Reported
from clawforge.lint.selection import Selection
from clawforge.load.codes import CODES as LOADING
from clawforge.load.hints import HINTS
from clawforge.load.project import load_project
from clawforge.problem_code import ProblemCode

BESIDE = (*LOADING, *SETTINGS, *ACCEPTANCE)
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
# Functions whose argument at that place is a code.
TAKE_A_CODE = {
    "Diagnostic": 0, "Finding": 0, "FieldProblem": 1, "Reported": 1, "_add": 0, "_report": 0, "_stop": 0, "report": 0,
    "stop": 0, "_problem": 0,
}  # fmt: skip


def written_codes(package: object) -> Iterator[str]:
    """The codes that a package's source gives to what it reports."""
    (folder,) = package.__path__  # type: ignore[attr-defined]
    for path in Path(folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            at = TAKE_A_CODE.get(name)
            argument = node.args[at] if at is not None and len(node.args) > at else None
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield argument.value


def constants_of_the_loader() -> set[str]:
    """The texts in it that are spelt as codes are, without the tables of what is known about codes."""
    (folder,) = clawforge.load.__path__
    paths = [path for path in Path(folder).rglob("*.py") if path.name not in {"codes.py", "hints.py"}]
    trees = [ast.walk(ast.parse(path.read_text())) for path in paths]
    texts = {node.value for tree in trees for node in tree if isinstance(node, ast.Constant)}
    return {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", text)}


def test_every_code_that_the_loader_gives_is_known_and_no_other() -> None:
    given = set(written_codes(clawforge.load))
    assert {"yaml-complex-key", "symlink", "unknown-field"} <= given
    assert given <= codes().keys()
    spelt = constants_of_the_loader()
    assert {text for text in spelt if "-" in text} - {"utf-8"} <= codes().keys()
    assert {about.code for about in LOADING} <= spelt
    assert HINTS.keys() <= codes().keys()


def test_every_code_that_lint_gives_is_known() -> None:
    assert set(written_codes(clawforge.lint)) <= codes().keys()
    assert codes().keys() == {rule.id for rule in RULES} | {about.code for about in BESIDE}
    assert len(codes()) == len(RULES) + len(BESIDE), "one code has one meaning"


@pytest.mark.parametrize("about", BESIDE, ids=lambda about: about.code)
def test_a_code_says_all_that_people_must_know(about: ProblemCode) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", about.code)
    for sentences in (about.what, about.why, about.fix):
        assert sentences[0].isupper()
        assert sentences.endswith((".", "`"))
        assert sentences in pages(RULES)[LOADING_PAGE]
        assert sentences in (page_of(about.code) or "")


def test_tables_are_sorted() -> None:
    for table in (LOADING, SETTINGS, ACCEPTANCE):
        assert [about.code for about in table] == sorted(about.code for about in table)


@pytest.mark.parametrize("code", sorted(codes()))
def test_every_code_can_be_explained_and_chosen(code: str) -> None:
    assert (page_of(code) or "").startswith(f"# {code}\n")
    assert Selection.of(code, None).select == {code}
    if severity_of(code) is Severity.ERROR:
        with pytest.raises(InputError, match="cannot be ignored"):
            Selection.of(None, code)
    else:
        assert Selection.of(None, code).ignore == {code}


@pytest.mark.parametrize(("code", "guess"), [("unknown-feild", "unknown-field"), ("yaml-tabs", "yaml-tab")])
def test_a_misspelt_code_gets_a_suggestion(code: str, guess: str) -> None:
    with pytest.raises(InputError) as caught:
        Selection.of(code, None)
    assert caught.value.hint == not_known(code) == f"Did you mean `{guess}`?"


def wanted(root: Path, select: str | None = None, ignore: str | None = None) -> set[str]:
    """The codes left of a project with an unknown field, a raw invisible character and a note."""
    (root / "clawforge.yaml").write_text(PROJECT)
    policy = "kind: Policy\nmetadata: {name: p}\nspec: {appliesTo: everyone, tools: {deny: [bash]}}\n"
    user = "kind: User\nmetadata: {name: u}\nspec: {emial: a@b.example}\n"
    version = "apiVersion: clawforge/v1\n"
    (root / "x.yaml").write_text(f"# a\u200bb\n{version}{policy}---\n{version}{user}")
    report = examine(load_project(root), now=NOW)
    kept = Selection.of(select, ignore).of_report(report)
    return {item.rule for item in kept.items} & {"unknown-field", "yaml-invisible-character", "deprecated-tool-name"}


def test_what_could_not_be_read_is_always_told(tmp_path: Path) -> None:
    everything = {"unknown-field", "yaml-invisible-character", "deprecated-tool-name"}
    assert wanted(tmp_path) == everything
    assert wanted(tmp_path, select="deprecated-tool-name") == {"unknown-field", "deprecated-tool-name"}
    assert wanted(tmp_path, select="yaml-invisible-character") == {"unknown-field", "yaml-invisible-character"}
    assert wanted(tmp_path, select="unknown-field") == {"unknown-field"}
    assert wanted(tmp_path, ignore="yaml-invisible-character") == everything - {"yaml-invisible-character"}


def test_what_is_printed_is_what_the_rule_is_called(tmp_path: Path) -> None:
    (tmp_path / "clawforge.yaml").write_text(PROJECT)
    for number, rule in enumerate(RULES):
        text = rule.bad.replace("\nmetadata: {name: ", f"\nmetadata: {{name: n{number}-")
        (tmp_path / f"{rule.id}.yaml").write_text(text)
    report: LintReport = examine(load_project(tmp_path), now=NOW)
    assert len(report.items) > len(RULES)
    items: tuple[Reported, ...] = report.items
    assert [item.rule for item in items] == [item.diagnostic.code for item in items]
    assert {item.rule for item in items} <= codes().keys()
