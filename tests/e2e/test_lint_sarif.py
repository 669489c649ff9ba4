"""SARIF and JUnit of the broken example companies: valid, and findings keep their names while the files move on."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from broken_example import BREAKS, Break
from official_formats import junit_problems, sarif_problems
from programs import Program

from clawforge.lint.engine import examine
from clawforge.lint.outcome import LintOutcome
from clawforge.load.project import load_project
from clawforge_cli.source_lines import SourceLines
from clawforge_cli.views.lint_junit import junit
from clawforge_cli.views.lint_sarif import sarif

EXAMPLE = Path(__file__).resolve().parents[2] / "policies.example"
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
INSERTED = "# A comment that was not there before.\n\n# And one more, with: a colon.\n\n"


@pytest.mark.parametrize("broken", BREAKS, ids=lambda broken: broken.rule)
def test_every_broken_example_keeps_the_schemas(broken: Break, tmp_path: Path) -> None:
    root = _copy(broken, tmp_path)
    project = load_project(root)
    outcome = LintOutcome.of(project, examine(project, instances=broken.instances, now=NOW, prove=broken.prove))
    items = outcome.report.items
    document = sarif(items, outcome.fingerprints, "policies/", "1.0.0", SourceLines(root))
    assert sarif_problems(document) == []
    assert junit_problems(junit(items)) == []
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in run["results"])
    (found,) = [result for result in run["results"] if _place(result) == broken.place]
    _assert_region_is(root, broken, found)


@dataclass(frozen=True)
class Sample:
    """A broken example whose finding's own content then changes from `old` to `new`, and stays a finding."""

    rule: str
    old: str
    new: str


SAMPLES = (
    Sample("confusable-name", "D\u0430na Okafor", "D\u0430na Okonkwo"),
    Sample("dlp-pattern-too-broad", "[0-9]{4,}", "[0-9]{3,}"),
    Sample("unknown-group", "group:node", "group:noodes"),
    Sample("unknown-tool", "sesions_spawn", "sesion_spawn"),
    Sample("unresolved-reference", "role: auditr", "role: auditer"),
    Sample("waiver-expired", "expires: 2026-10-31", "expires: 2026-10-30"),
)
"""Errors, warnings and notes of several kinds of resources."""


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.rule)
def test_fingerprints_through_the_installed_program(sample: Sample, installed_clawforge: Path, tmp_path: Path) -> None:
    broken = next(item for item in BREAKS if item.rule == sample.rule)
    program = Program(installed_clawforge, tmp_path)
    root = _copy(broken, tmp_path)
    before = _results(program, root)
    (mark, line) = before[broken.rule]

    file = root / broken.place.split(":")[0]
    text = file.read_text()
    file.write_text(INSERTED + text)
    moved = _results(program, root)
    assert {rule: found[0] for rule, found in moved.items()} == {rule: found[0] for rule, found in before.items()}
    assert moved[broken.rule] == (mark, line + INSERTED.count("\n"))

    assert text.count(sample.old) == 1, sample
    file.write_text(INSERTED + text.replace(sample.old, sample.new))
    changed = _results(program, root)
    assert changed[broken.rule][0] != mark


def _results(program: Program, root: Path) -> dict[str, tuple[str, int]]:
    """Fingerprint and line of the findings that the example itself does not have, by rule."""
    done = program.finish("lint", root, "--format", "sarif")
    document = json.loads(done.stdout)
    assert done.returncode in {0, 3}
    assert sarif_problems(document) == []
    found: dict[str, tuple[str, int]] = {}
    for result in document["runs"][0]["results"]:
        line = result["locations"][0]["physicalLocation"]["region"]["startLine"]
        found[result["ruleId"]] = (result["partialFingerprints"]["clawforgeFinding/v1"], line)
    return found


def _copy(broken: Break, parent: Path) -> Path:
    root = parent / "policies"
    shutil.copytree(EXAMPLE, root)
    for edit in broken.edits:
        edit.apply(root)
    return root


def _place(result: dict[str, Any]) -> str:
    place = result["locations"][0]["physicalLocation"]
    region = place["region"]
    file = place["artifactLocation"]["uri"].removeprefix("policies/")
    return f"{file}:{region['startLine']}:{region['startColumn']}"


def _assert_region_is(root: Path, broken: Break, found: dict[str, Any]) -> None:
    """The region begins where the break says, and covers at least one character of its line."""
    region = found["locations"][0]["physicalLocation"]["region"]
    line = (root / broken.place.split(":")[0]).read_text().splitlines()[region["startLine"] - 1]
    text = line[region["startColumn"] - 1 : region["endColumn"] - 1]
    assert text
    assert broken.at.startswith(text) or text.startswith(broken.at)
