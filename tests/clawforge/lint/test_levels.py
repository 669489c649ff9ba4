"""Levels of rules, for all files and for some, and what is said about settings that do nothing."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from clawforge.diagnostic import Diagnostic, Severity
from clawforge.lint.engine import diagnose, obstacles
from clawforge.lint.levels import Levels
from clawforge.load.lint_settings import LintLevel, RuleSetting
from clawforge.load.project import load_project

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
POLICY = """\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: NAME}
spec: {appliesTo: everyone, mode: overlay, exec: {deny: ["rm **"]}}
"""
CODE = "exec-deny-best-effort"
FILES = ("policies/a.yaml", "policies/lab/b.yaml", "top.yaml")


def found(root: Path, lint: str) -> list[Diagnostic]:
    """What is said about three files with one finding each, and about the settings."""
    (root / "clawforge.yaml").write_text(f"{PROJECT}lint:\n{lint}")
    for number, file in enumerate(FILES):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(POLICY.replace("NAME", f"p{number}"))
    about = {CODE, "unknown-lint-rule", "lint-level", "lint-glob-matches-nothing"}
    return [
        item for item in diagnose(load_project(root), now=NOW) if item.code in about or item.code == "unknown-field"
    ]


def levels(root: Path, lint: str) -> dict[str, Severity]:
    items = found(root, lint)
    assert {item.code for item in items} <= {CODE}, items
    return {item.location.file: item.severity for item in items}


def test_a_short_level_counts_everywhere(tmp_path: Path) -> None:
    assert levels(tmp_path, f"  levels: {{{CODE}: error}}\n") == dict.fromkeys(FILES, Severity.ERROR)
    assert levels(tmp_path, f"  levels: {{{CODE}: off}}\n") == {}


@pytest.mark.parametrize(
    ("setting", "left"),
    [
        ("{level: warning}", dict.fromkeys(FILES, Severity.WARNING)),
        ("{include: [policies/**]}", {"policies/a.yaml": Severity.NOTE, "policies/lab/b.yaml": Severity.NOTE}),
        ("{include: [policies], exclude: [policies/lab]}", {"policies/a.yaml": Severity.NOTE}),
        ("{exclude: ['**/b.yaml', top.yaml]}", {"policies/a.yaml": Severity.NOTE}),
        ("{level: error, include: ['*.yaml']}", {"top.yaml": Severity.ERROR}),
        ("{level: 'off', include: ['*.yaml']}", {}),
        ("{exclude: ['**']}", {}),
    ],
)
def test_a_long_level_counts_in_some_files(tmp_path: Path, setting: str, left: dict[str, Severity]) -> None:
    assert levels(tmp_path, f"  levels: {{{CODE}: {setting}}}\n") == left


def test_a_glob_that_matches_nothing_is_told_where_it_stands(tmp_path: Path) -> None:
    text = f"  levels:\n    {CODE}:\n      include: [policies/**, polices/**]\n      exclude: ['*.yml']\n"
    items = [item for item in found(tmp_path, text) if item.code != CODE]
    assert [(item.code, str(item.location), item.severity) for item in items] == [
        ("lint-glob-matches-nothing", "clawforge.yaml:8:30", Severity.WARNING),
        ("lint-glob-matches-nothing", "clawforge.yaml:9:17", Severity.WARNING),
    ]
    assert "`polices/**` matches no file" in items[0].message


def test_that_a_glob_is_stale_has_a_level_too(tmp_path: Path) -> None:
    text = f"  levels:\n    {CODE}: {{exclude: [gone]}}\n    lint-glob-matches-nothing: off\n"
    assert {item.code for item in found(tmp_path, text)} == {CODE}


@pytest.mark.parametrize("setting", ["{include: [top.yaml]}", "{exclude: [top.yaml]}", "{level: error, exclude: [x]}"])
def test_a_rule_that_refuses_cannot_be_limited(tmp_path: Path, setting: str) -> None:
    for code in ("secret-in-yaml", "unresolved-reference", "unknown-field"):
        items = [item for item in found(tmp_path, f"  levels: {{{code}: {setting}}}\n") if item.code != CODE]
        assert [(item.code, str(item.location), item.severity) for item in items] == [
            ("lint-level", "clawforge.yaml:6:12", Severity.ERROR)
        ]
        assert "cannot be limited" in items[0].message


@pytest.mark.parametrize("level", ["off", "{level: note}", "warning"])
def test_a_rule_that_refuses_cannot_be_lowered(tmp_path: Path, level: str) -> None:
    (item,) = (item for item in found(tmp_path, f"  levels: {{base-tie: {level}}}\n") if item.code != CODE)
    assert (item.code, item.message.endswith("cannot be lowered.")) == ("lint-level", True)


def test_errors_stay_in_files_that_are_left_out(tmp_path: Path) -> None:
    lint = "  levels: {unresolved-reference: {exclude: [top.yaml]}, yaml-tab: {exclude: [top.yaml]}}\n"
    found(tmp_path, lint)
    (tmp_path / "top.yaml").write_text(POLICY.replace("NAME", "p").replace("everyone", "{groups: [gone]}"))
    project = load_project(tmp_path)
    places = {(item.code, item.location.file) for item in obstacles(project, now=NOW)}
    assert ("unresolved-reference", "top.yaml") in places
    assert places == {
        (item.code, item.location.file) for item in diagnose(project, now=NOW) if item.severity == "error"
    }


def test_what_the_loader_warns_about_has_levels(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("# a\u200bb\n")
    for level, severities in (("off", []), ("error", ["error"]), ("{exclude: [x.yaml]}", []), ("note", ["note"])):
        (tmp_path / "clawforge.yaml").write_text(f"{PROJECT}lint: {{levels: {{yaml-invisible-character: {level}}}}}\n")
        items = diagnose(load_project(tmp_path), now=NOW)
        assert [item.severity for item in items if item.code == "yaml-invisible-character"] == severities
        assert all(item.code in {"yaml-invisible-character", "no-base"} for item in items), items


def test_a_rule_that_does_not_exist(tmp_path: Path) -> None:
    items = [
        item for item in found(tmp_path, "  levels: {exec-deny-best-efort: {include: [x]}}\n") if item.code != CODE
    ]
    assert [(item.code, item.hint) for item in items] == [("unknown-lint-rule", f"Did you mean `{CODE}`?")]


@pytest.mark.parametrize(
    ("setting", "code", "place", "said"),
    [
        ("{}", "invalid-value", "6:21", "setting is empty"),
        ("{levle: off}", "unknown-field", "6:22", "`levle`"),
        ("{level: of}", "invalid-value", "6:29", "`level` cannot be `of`"),
        ("wrning", "invalid-value", "6:21", "`no-base` cannot be `wrning`"),
        ("[off]", "wrong-type", "6:21", "`no-base` must be one of off, note, warning, error or a mapping"),
        ("{include: []}", "invalid-value", "6:31", "`include` is empty"),
        ("{include: [../x]}", "invalid-value", "6:32", "holds `.` or `..`"),
        ("{exclude: [/x]}", "invalid-value", "6:32", "relative path"),
    ],
)
def test_a_setting_that_is_wrong_says_where(tmp_path: Path, setting: str, code: str, place: str, said: str) -> None:
    (tmp_path / "clawforge.yaml").write_text(f"{PROJECT}lint:\n  levels: {{no-base: {setting}}}\n")
    (item,) = load_project(tmp_path).diagnostics
    assert (item.code, str(item.location)) == (code, f"clawforge.yaml:{place}")
    assert said in item.message + item.hint


def test_levels_answer_for_a_file() -> None:
    asked = Levels({"a": LintLevel.NOTE, "b": RuleSetting(include=("x/**",)), "c": RuleSetting(level=LintLevel.ERROR)})
    assert asked.level("a", "y") is LintLevel.NOTE
    assert (asked.level("b", "x/y"), asked.level("b", "y")) == (None, LintLevel.OFF)
    assert asked.level("c", "y") is LintLevel.ERROR
    assert asked.level("d", "y") is None
