"""Conventions for labels and annotations: required keys, values, RE2 patterns, kinds, and labels beside the listed."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from strategies import resource

from clawforge.diagnostic import Diagnostic, Severity
from clawforge.lint.context import LintContext
from clawforge.lint.engine import diagnose
from clawforge.lint.rules.metadata_convention import RULE
from clawforge.load.lint_settings import Conventions
from clawforge.load.project import load_project

PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
GROUP = "apiVersion: clawforge/v1\nkind: Group\nmetadata:\n  name: eng\n"


def found(root: Path, conventions: str, metadata: str, settings: str = "") -> list[Diagnostic]:
    """What the rule says about a group with this metadata."""
    (root / "clawforge.yaml").write_text(f"{PROJECT}lint:\n  conventions: {conventions}\n{settings}")
    (root / "x.yaml").write_text(GROUP + metadata)
    return [item for item in diagnose(load_project(root)) if item.code not in {"empty-group", "no-base"}]


@pytest.mark.parametrize(
    ("conventions", "metadata", "place", "said"),
    [
        ("{labels: {team: {required: true}}}", "", "3:1", "`metadata.labels`."),
        ("{labels: {team: {required: true}}}", "  labels: {taem: eng}\n", "3:1", "Rename `taem` if that is meant."),
        ("{labels: {team: {values: [eng, sec]}}}", "  labels: {team: enG}\n", "5:12", "Did you mean `eng`?"),
        ("{labels: {team: {values: [eng, sec]}}}", "  labels: {team: x}\n", "5:12", "It is `eng` or `sec`."),
        ("{labels: {a/b~c: {pattern: '[a-z]+'}}}", "  labels: {a/b~c: x1}\n", "5:12", "The whole value matches"),
        ("{annotations: {owner: {pattern: x}}}", "  annotations:\n    owner: xx\n", "6:5", "`xx`"),
        ("{closed: true}", "  labels:\n    team: eng\n", "6:5", "lint.conventions.labels"),
        ("{labels: {team: {}}, closed: true}", "  labels: {temm: x}\n", "5:12", "Did you mean `team`?"),
        (
            "{labels: {t: {kinds: [User]}}, closed: true}",
            "  labels: {t: x}\n",
            "5:12",
            "none of this project's for a Group",
        ),
    ],
)
def test_a_convention_that_is_broken(tmp_path: Path, conventions: str, metadata: str, place: str, said: str) -> None:
    (item,) = found(tmp_path, conventions, metadata)
    assert (item.code, str(item.location), item.severity) == (
        "metadata-convention",
        f"x.yaml:{place}",
        Severity.WARNING,
    )
    assert said in f"{item.message} {item.hint}"


@pytest.mark.parametrize(
    ("conventions", "metadata"),
    [
        ("{labels: {team: {values: [eng], kinds: [User]}}}", "  labels: {team: x}\n"),
        ("{labels: {team: {required: true, kinds: [User, Policy]}}}", ""),
        ("{labels: {team: {values: [eng], required: true}}, closed: true}", "  labels: {team: eng}\n"),
        ("{labels: {tier: {pattern: '[0-3]|none'}}}", '  labels: {tier: "2"}\n'),
        ("{annotations: {owner: {pattern: '\\pL+'}}}", "  annotations: {owner: Jörg}\n"),
        ("{annotations: {owner: {required: true}}, closed: true}", "  annotations: {owner: x, other: y}\n"),
        ("{labels: {team: {}}}", "  labels: {other: x}\n"),
    ],
)
def test_a_convention_that_is_kept(tmp_path: Path, conventions: str, metadata: str) -> None:
    assert found(tmp_path, conventions, metadata) == []


@pytest.mark.parametrize(
    ("conventions", "place", "said"),
    [
        ("{labels: {team: {pattern: '(?=x)'}}}", "6:42", "RE2 does not know `(?=`"),
        ("{labels: {team: {pattern: 'x*'}}}", "6:42", "empty string"),
        ("{labels: {team: {pattern: x, values: [y]}}}", "6:32", "both `values` and `pattern`"),
        ("{labels: {team: {values: []}}}", "6:41", "`values` is empty"),
        ("{labels: {team: {kinds: [Polcy]}}}", "6:41", "'Polcy' names no kind"),
        ("{labels: {team: {requird: true}}}", "6:33", "Did you mean `required`?"),
        ("{labels: {team: {required: 'yes'}}}", "6:43", "must be true or false"),
        ("{lables: {}}", "6:17", "Did you mean `labels`?"),
    ],
)
def test_a_convention_that_cannot_be_read(tmp_path: Path, conventions: str, place: str, said: str) -> None:
    (item,) = found(tmp_path, conventions, "")
    assert str(item.location) == f"clawforge.yaml:{place}", item
    assert said in f"{item.message} {item.hint}"


def test_it_has_a_level_and_files_as_every_rule(tmp_path: Path) -> None:
    conventions = "{labels: {team: {required: true}}}"
    (item,) = found(tmp_path, conventions, "", "  levels: {metadata-convention: error}\n")
    assert item.severity is Severity.ERROR
    assert found(tmp_path, conventions, "", "  levels: {metadata-convention: {exclude: [x.yaml]}}\n") == []


def test_ten_thousand_resources_take_no_time() -> None:
    said = Conventions.model_validate_json(
        '{"labels": {"team": {"required": true, "values": ["eng"]}, "tier": {"pattern": "(a|a)*b"}},'
        ' "annotations": {"owner": {"required": true}}, "closed": true}',
        strict=True,
    )
    labels = {"tier": "a" * 3000, "teem": "x"}
    groups = [resource("Group", f"g-{number}", {}, labels=labels) for number in range(10_000)]
    context = LintContext.of(groups, conventions=said)
    start = time.process_time()
    assert len(list(RULE.check(context))) == 40_000
    assert time.process_time() - start < 30
