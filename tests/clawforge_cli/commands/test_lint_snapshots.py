"""What the program prints about the fixtures of each rule, word for word.

With UPDATE_SNAPSHOTS=1 in the environment the files are written instead: read the difference before committing it.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from command_in_process import run_here
from programs import Program

from clawforge.diagnostic import Severity
from clawforge.lint.registry import RULES
from clawforge.lint.rule import Rule

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "lint"
PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
CLEAN = re.compile(r"\d+ resources? in 1 file: no problems\.\n")
NEXT_DAY = re.compile(r"\bOn \d{4}-\d{2}-\d{2}\b")
"""The next day on which clocks change depends on today."""
TODAY = re.compile(r"(It does not hold: .* at) \d{4}-\d{2}-\d{2}T00:00:00Z")
"""Invariants are proved from today on."""
NEEDS_A_SERVER = {"unknown-instance"}
"""Found only by who can ask which instances there are."""
MUST_BE_ASKED_FOR = {"idle-entry"}
"""Found only with --prove."""


def write(root: Path, rule: Rule, name: str) -> list[str]:
    """One fixture as a project, and what the program is asked about it."""
    settings = FIXTURES / rule.id / "settings.yaml"
    (root / "clawforge.yaml").write_text(PROJECT + (settings.read_text() if settings.exists() else ""))
    (root / "x.yaml").write_text((FIXTURES / rule.id / f"{name}.yaml").read_text())
    proving = ["--prove"] if rule.id in MUST_BE_ASKED_FOR else []
    return ["lint", str(root), "--no-cache", "--select", rule.id, *proving]


@pytest.mark.parametrize("rule", RULES[::25], ids=lambda rule: rule.id)
def test_the_program_prints_what_its_entry_does(rule: Rule, tmp_path: Path) -> None:
    program = Program(Path(sys.executable).parent / "clawforge", tmp_path)
    command, status = write(tmp_path, rule, "bad"), _status(rule)
    assert program.run(*command, expect=status) == run_here({}, *command, status=status).stdout != ""


def _status(rule: Rule) -> int:
    return 3 if rule.severity is Severity.ERROR and rule.id not in NEEDS_A_SERVER else 0


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_bad_fixture(rule: Rule, tmp_path: Path) -> None:
    """Without a process of its own, which takes longest."""
    text = run_here({}, *write(tmp_path, rule, "bad"), status=_status(rule)).stdout
    text = TODAY.sub(r"\1 TODAY", NEXT_DAY.sub("On DAY", text))
    path = FIXTURES / rule.id / "bad.txt"
    if rule.id in NEEDS_A_SERVER:
        assert CLEAN.fullmatch(text)
        assert not path.exists()
        return
    if os.environ.get("UPDATE_SNAPSHOTS"):
        path.write_text(text)
    assert text == path.read_text(), f"{path} is not what is printed"
    assert f"{rule.severity}[{rule.id}]: " in text


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_the_good_fixture(rule: Rule, tmp_path: Path) -> None:
    assert CLEAN.fullmatch(run_here({}, *write(tmp_path, rule, "good")).stdout)
