"""The example company, broken on purpose in one way for each lint rule: lint says that, there, and nothing else."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections import Counter
from pathlib import Path

import pytest
from broken_example import BREAKS, Break
from programs import Program

from clawforge.diagnostic import Diagnostic, Severity
from clawforge.lint.engine import diagnose
from clawforge.lint.registry import RULES
from clawforge.load.project import load_project

EXAMPLE = Path(__file__).resolve().parents[2] / "policies.example"
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
SEVERITIES = {rule.id: rule.severity for rule in RULES}
THROUGH_THE_PROGRAM = (
    "base-tie",
    "confusable-name",
    "home-secrets-readable",
    "unresolved-reference",
    "write-left-open",
)
"""Errors, warnings and a note; none of them looks at the clock."""


@pytest.fixture(scope="module")
def before() -> Counter[tuple[str, str, str]]:
    return _found_before(prove=False)


def _found_before(*, prove: bool) -> Counter[tuple[str, str, str]]:
    return Counter(map(_identity, diagnose(load_project(EXAMPLE), now=NOW, prove=prove)))


def test_every_rule_has_a_broken_example() -> None:
    assert [item.rule for item in BREAKS] == [rule.id for rule in RULES]


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.rule)
def test_it_is_found_there_and_nothing_else(
    broken: Break, before: Counter[tuple[str, str, str]], tmp_path: Path
) -> None:
    root = _copy(broken, tmp_path)
    known = before.copy() if not broken.prove else _found_before(prove=True)
    new = []
    for item in diagnose(load_project(root), instances=broken.instances, now=NOW, prove=broken.prove):
        if known[_identity(item)]:
            known[_identity(item)] -= 1
        else:
            new.append(item)
    assert sorted(f"{item.code} {item.location}" for item in new) == sorted(
        [f"{broken.rule} {broken.place}", *broken.notes]
    )
    _assert_text_at(root, broken)


@pytest.mark.parametrize("rule", THROUGH_THE_PROGRAM)
def test_the_installed_program_says_so_too(rule: str, installed_clawforge: Path, tmp_path: Path) -> None:
    broken = next(item for item in BREAKS if item.rule == rule)
    program = Program(installed_clawforge, tmp_path)
    root = _copy(broken, tmp_path)
    severity = SEVERITIES[rule]
    done = program.finish("lint", root, "--format", "json")
    assert done.returncode == (3 if severity is Severity.ERROR else 0), done.stdout + done.stderr
    found = json.loads(done.stdout)["diagnostics"]
    known = {item["code"] for item in program.json("lint", EXAMPLE)["diagnostics"]}
    places = [
        f"{item['code']} {item['location']['file']}:{item['location']['line']}:{item['location']['col']}"
        for item in found
        if item["code"] not in known
    ]
    assert places == [f"{broken.rule} {broken.place}"]
    assert {item["severity"] for item in found if item["code"] == broken.rule} == {severity.value}


def _copy(broken: Break, parent: Path) -> Path:
    root = parent / "policies"
    shutil.copytree(EXAMPLE, root)
    for edit in broken.edits:
        edit.apply(root)
    return root


def _identity(item: Diagnostic) -> tuple[str, str, str]:
    """A finding wherever it stands in its file."""
    return item.code, item.location.file, item.message


def _assert_text_at(root: Path, broken: Break) -> None:
    file, line, column = broken.place.split(":")
    text = (root / file).read_text().splitlines()[int(line) - 1]
    assert text[int(column) - 1 :].startswith(broken.at), text
