"""Fixes mend what they are for, and lists mean the same before and after."""

from __future__ import annotations

import datetime as dt
import tempfile
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clawforge.decide.catalogue import catalogue
from clawforge.lint.engine import examine
from clawforge.lint.fixing import fixes
from clawforge.lint.registry import RULES
from clawforge.lint.rule import Rule
from clawforge.load.project import Project, load_project
from clawforge.resource.policy import Policy

NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "lint"
FIXABLE = [rule for rule in RULES if rule.fix is not None]


def write(root: Path, text: str) -> None:
    (root / "clawforge.yaml").write_text(PROJECT)
    (root / "x.yaml").write_text(text)


def mend(root: Path) -> Project:
    """The project after every fix."""
    for _ in range(20):
        project = load_project(root)
        assert not project.diagnostics, project.diagnostics
        changed = False
        for fix in fixes(project, examine(project, now=NOW)):
            path = root / fix.file
            result = fix.apply(path.read_bytes())
            if result is not None:
                path.write_bytes(result[0])
                changed = True
        if not changed:
            return project
    raise AssertionError("the fixes never end")


def test_there_are_fixes() -> None:
    assert {"deprecated-tool-name", "redundant-pattern"} <= {rule.id for rule in FIXABLE}


@pytest.mark.parametrize("rule", FIXABLE, ids=lambda rule: rule.id)
def test_nothing_is_left_of_what_can_be_fixed(rule: Rule, tmp_path: Path) -> None:
    write(tmp_path, (FIXTURES / rule.id / "bad.yaml").read_text())
    assert any(item.rule == rule.id for item in examine(load_project(tmp_path), now=NOW).items)
    left = [item.diagnostic for item in examine(mend(tmp_path), now=NOW).items if item.rule == rule.id]
    assert left == []


HEAD = """\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: p}
spec:
  appliesTo: everyone
  tools:
"""
NAMES = ["bash", "exec", "cron", "automations", "read", "edit", "group:fs", "group:runtime", "web_*", "web_fetch"]
TOOLS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=6)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TOOLS, TOOLS, st.booleans())
@example(["bash", "read", "exec"], ["cron", "automations"], True)
def test_lists_of_tools_mean_the_same(allow: list[str], deny: list[str], flow: bool) -> None:
    if flow:
        lists = f"    allow: [{', '.join(allow)}]\n    deny: [{', '.join(deny)}]\n"
    else:
        lists = "".join(
            f"    {name}:\n" + "".join(f"      - '{item}'  # {name} {at}\n" for at, item in enumerate(items))
            for name, items in (("allow", allow), ("deny", deny))
        )
    text = HEAD + lists
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        write(root, text)
        (policy,) = mend(root).values
        after = (root / "x.yaml").read_text()
    assert isinstance(policy, Policy)
    assert policy.spec.tools is not None
    assert meaning(policy.spec.tools.allow or ()) == meaning(allow)
    assert meaning(policy.spec.tools.deny) == meaning(deny)
    assert after.count("#") == text.count("#")


def meaning(patterns: tuple[str, ...] | list[str]) -> set[str]:
    """The tools of the catalogue that a list takes in."""
    tools = catalogue()
    names = [tools.canonical_name(name) for pattern in patterns for name in tools.expand(pattern)]
    return {tool for tool in tools.tools if any(fnmatchcase(tool, name) for name in names)}


def test_a_file_that_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    rule = next(rule for rule in FIXABLE if rule.id == "deprecated-tool-name")
    write(tmp_path, rule.bad)
    project = load_project(tmp_path)
    (fix,) = fixes(project, examine(project, now=NOW))
    assert fix.apply(rule.bad.encode()) is not None
    assert fix.apply(rule.bad.replace("cron", "exec").encode()) is None
    assert fix.apply(b"a: [") is None
