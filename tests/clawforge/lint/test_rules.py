"""Every rule finds what its bad fixture marks, where it is marked, and nothing in the good one."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint import rules
from clawforge.lint.context import LintContext
from clawforge.lint.engine import diagnose, lint
from clawforge.lint.pages import page
from clawforge.lint.registry import RULES
from clawforge.lint.rule import Rule
from clawforge.load.lint_settings import LintLevel
from clawforge.load.project import Project, load_project
from clawforge.load.project_file import ProjectFile
from clawforge.load.resource import parse_model, parse_resource
from clawforge.load.yaml import compose
from clawforge.resource.meta import Resource

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "lint"
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
INSTANCES = ("build-7",)
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
BY_ID = {rule.id: rule for rule in RULES}
MUST_BE_ASKED_FOR = {"idle-entry"}
"""Rules that look only where proofs are asked for; the others must not need to."""


def project(root: Path, text: str, settings: str = "") -> Project:
    (root / "clawforge.yaml").write_text(PROJECT + settings)
    (root / "x.yaml").write_text(text)
    loaded = load_project(root)
    assert {item.code for item in loaded.diagnostics} <= BY_ID.keys(), loaded.diagnostics
    return loaded


def settings_of(rule: Rule) -> str:
    path = FIXTURES / rule.id / "settings.yaml"
    return path.read_text() if path.exists() else ""


def context(text: str, settings: str = "", *, prove: bool = False) -> LintContext:
    documents, problems = compose(text.encode(), file="x.yaml")
    assert not problems
    parsed = [parse_resource(document.value) for document in documents]
    resources = [item for item in parsed if isinstance(item, Resource)]
    assert len(resources) == len(parsed), parsed
    (written,), _ = compose((PROJECT + settings).encode(), file="clawforge.yaml")
    declared = parse_model(ProjectFile, written.value)
    assert isinstance(declared, ProjectFile), declared
    conventions = declared.lint.conventions
    return LintContext.of(resources, org="acme", instances=INSTANCES, now=NOW, conventions=conventions, prove=prove)


def marks(text: str) -> list[tuple[int, str]]:
    lines = enumerate(text.splitlines(), start=1)
    return [(number, match[1]) for number, line in lines if (match := re.search(r"# bad: (\S+)", line))]


def line_of(diagnostic_line: int, text: str, code: str) -> int:
    """Findings about a whole resource stand on its first line; their mark stands beside its name, two lines below."""
    return diagnostic_line + 2 if code == "no-base" else diagnostic_line


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_bad_fixture(rule: Rule, tmp_path: Path) -> None:
    text = (FIXTURES / rule.id / "bad.yaml").read_text()
    loaded = project(tmp_path, text, settings_of(rule))
    diagnostics = diagnose(loaded, instances=INSTANCES, now=NOW, prove=rule.id in MUST_BE_ASKED_FOR)
    found = [item for item in diagnostics if item.code == rule.id]
    assert [(line_of(item.location.line, text, item.code), item.code) for item in found] == marks(text)
    for item in found:
        assert item.location.col > 0
        assert item.hint
    severest_first = list(Severity)
    assert min((item.severity for item in found), key=severest_first.index) is rule.severity


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_good_fixture(rule: Rule, tmp_path: Path) -> None:
    text = (FIXTURES / rule.id / "good.yaml").read_text()
    assert list(rule.check(context(text, settings_of(rule), prove=True))) == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_rule_s_own_examples_show_it(rule: Rule) -> None:
    found = list(rule.check(context(rule.bad, rule.settings, prove=rule.id in MUST_BE_ASKED_FOR)))
    assert {item.code for item in found} == {rule.id}
    assert list(rule.check(context(rule.good, rule.settings, prove=True))) == []


@pytest.mark.parametrize("rule_id", sorted(MUST_BE_ASKED_FOR))
def test_what_takes_its_time_must_be_asked_for(rule_id: str) -> None:
    assert list(BY_ID[rule_id].check(context(BY_ID[rule_id].bad))) == []


def test_rules_files_and_fixtures_are_equal_in_number_and_name() -> None:
    ids = [rule.id for rule in RULES]
    folder = Path(rules.__path__[0])
    files = {path.stem.replace("_", "-") for path in folder.glob("*.py") if path.stem != "__init__"}
    assert ids == sorted(set(ids))
    assert set(ids) == files
    assert set(ids) == {path.name for path in FIXTURES.iterdir()}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_all_that_people_must_know(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)+", rule.id)
    assert rule.name[0].isupper()
    assert not rule.name.endswith(".")
    text = page(rule)
    for part in (rule.what, rule.why, rule.bad, rule.good, rule.settings):
        assert part.strip() or part is rule.settings
        assert part.strip() in text
    for sentences in (rule.what, rule.why):
        assert sentences.endswith(".")
    assert ("lint --fix" in text) is (rule.fix is not None)


def test_many_left_out_users_are_one_finding() -> None:
    user = "apiVersion: clawforge/v1\nkind: User\nmetadata: {name: u%d}\nspec: {email: u%d@acme.example}\n"
    (found,) = BY_ID["no-base"].check(context("---\n".join(user % (n, n) for n in range(20))))
    assert "20 users" in found.message
    assert "u0, u1, u10, u11, u12 and 15 more" in found.message


def test_levels_change_what_is_no_error_and_nothing_else(tmp_path: Path) -> None:
    def severities(rule_id: str, level: LintLevel) -> list[Severity]:
        loaded = project(tmp_path, BY_ID[rule_id].bad, f"lint: {{levels: {{{rule_id}: {level}}}}}\n")
        return [item.severity for item in diagnose(loaded) if item.code == rule_id]

    assert severities("no-base", LintLevel.ERROR) == [Severity.ERROR]
    assert severities("no-base", LintLevel.NOTE) == [Severity.NOTE]
    assert severities("no-base", LintLevel.OFF) == []
    for level in LintLevel:
        assert severities("base-tie", level) == [Severity.ERROR]


def test_levels_of_the_project_file_count(tmp_path: Path) -> None:
    loaded = project(tmp_path, BY_ID["no-base"].bad, "lint: {levels: {no-base: off}}\n")
    assert "no-base" not in {item.code for item in diagnose(loaded)}


def test_instances_that_the_server_does_not_know_are_warned_about(tmp_path: Path) -> None:
    text = "apiVersion: clawforge/v1\nkind: Policy\nmetadata: {name: p}\nspec:\n  appliesTo: {instances: [pc-1]}\n"
    loaded = project(tmp_path, text)
    assert "unknown-instance" not in {item.code for item in diagnose(loaded)}
    (found,) = [item for item in diagnose(loaded, instances=["pc-2"]) if item.code == "unknown-instance"]
    assert (found.code, str(found.location), found.severity) == ("unknown-instance", "x.yaml:5:27", Severity.WARNING)


def test_findings_are_sorted_and_do_not_depend_on_order() -> None:
    text = (FIXTURES / "unresolved-reference" / "bad.yaml").read_text()
    forward = context(text)
    found: list[Finding] = lint(forward)
    backward = LintContext.of(tuple(reversed(forward.resources)), org="acme", instances=INSTANCES, now=NOW)
    assert found == lint(backward)
    assert found == sorted(found, key=lambda item: item.sort_key)


@pytest.mark.parametrize(
    ("rule_id", "written", "last"),
    [
        ("service-account-expired", "2099-06-30T00:00:00Z", "2099-06-29T23:59:59.999999Z"),
        ("version-deadline-past", "2099-06-30T00:00:00Z", "2099-06-29T23:59:59.999999Z"),
        ("skill-review-overdue", "2099-06-30", "2099-06-30T23:59:59.999999Z"),
        ("waiver-expired", "2099-01-31", "2099-01-31T23:59:59.999999Z"),
    ],
)
def test_what_ends_is_found_from_the_moment_at_which_it_does(rule_id: str, written: str, last: str) -> None:
    text = (FIXTURES / rule_id / "good.yaml").read_text()
    assert written in text
    still = dt.datetime.fromisoformat(last)
    for now, count in ((still, 0), (still + dt.datetime.resolution, 1)):
        later = LintContext.of(context(text).resources, org="acme", now=now)
        assert len(list(BY_ID[rule_id].check(later))) == count
