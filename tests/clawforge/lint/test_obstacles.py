"""What keeps a project from being used is exactly the errors of a full lint but violated invariants, whatever is
configured."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from clawforge.diagnostic import Severity
from clawforge.lint.engine import diagnose, obstacles
from clawforge.load.project import load_project

NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "lint"
LEVELS = {
    "none": "",
    "raised": "lint: {levels: {no-base: error, unbounded-allow: error, suppression-unused: error}}\n",
    "off": "lint: {levels: {no-base: 'off'}}\n",
}


@pytest.mark.parametrize("levels", LEVELS)
@pytest.mark.parametrize("rule", sorted(path.name for path in FIXTURES.iterdir()))
def test_the_errors_of_a_full_lint(rule: str, levels: str, tmp_path: Path) -> None:
    head = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
    (tmp_path / "clawforge.yaml").write_text(head + LEVELS[levels])
    (tmp_path / "bad.yaml").write_text((FIXTURES / rule / "bad.yaml").read_text())
    project = load_project(tmp_path)
    errors = [item for item in diagnose(project, now=NOW) if item.severity is Severity.ERROR]
    wanted = [item for item in errors if item.code != "invariant-violated"]
    assert (len(wanted) < len(errors)) is (rule == "invariant-violated")
    assert obstacles(project, now=NOW) == wanted
