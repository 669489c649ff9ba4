"""The example company: it loads clean, its own tests pass, and what everybody may do there changes only on purpose.

After an intended change, `CLAWFORGE_UPDATE_SNAPSHOTS=1 pytest tests/test_example.py` writes the new table of effects.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from clawforge.decide.catalogue import catalogue
from clawforge.decide.decider import CODES
from clawforge.decide.simulate import Simulator
from clawforge.lint.engine import diagnose
from clawforge.load.project import Project, load_project
from clawforge.policy_tests import run_policy_tests
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.policy_test import Effect, PolicyTest
from clawforge.resource.user import User
from clawforge_cli.__main__ import run

ROOT = Path(__file__).resolve().parents[1]
SNAPSHOT = ROOT / "tests" / "snapshots" / "example_effects.txt"
DAY = dt.datetime(2026, 11, 19, 10, 0, tzinfo=dt.UTC)
NIGHT = dt.datetime(2026, 11, 19, 22, 0, tzinfo=dt.UTC)

PLAUSIBLE: dict[str, dict[str, Any]] = {
    "automations": {"action": "add", "schedule": "0 9 * * *"},
    "browser": {"action": "open", "url": "https://docs.python.org/3/"},
    "edit": {"path": "{home}/workspace/notes.md", "oldText": "a", "newText": "b"},
    "exec": {"command": "git status"},
    "ls": {"path": "{home}/workspace"},
    "message": {"to": "team", "text": "Done"},
    "pdf": {"pdf": "{home}/workspace/report.pdf"},
    "process": {"action": "list"},
    "read": {"path": "{home}/workspace/notes.md"},
    "skill": {"name": "release-notes"},
    "view_image": {"image": "{home}/workspace/figure.png"},
    "web_fetch": {"url": "https://docs.python.org/3/"},
    "web_search": {"query": "release notes"},
    "write": {"path": "{home}/workspace/notes.md", "content": "Done"},
}
"""An everyday call of the tools that do little without parameters; the others are called without any."""


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(ROOT / "policies.example")


@pytest.fixture(scope="module")
def simulator(project: Project) -> Simulator:
    return Simulator(OrgModel(project.values), project.positions)


def test_nothing_is_wrong_with_it(project: Project) -> None:
    assert [str(item) for item in diagnose(project, now=DAY)] == []


def test_lint_prints_nothing_but_its_summary(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["lint", str(ROOT / "policies.example"), "--no-cache"]) == 0
    said = capsys.readouterr()
    assert said.out == "59 resources in 37 files: no problems, 2 accepted.\n"
    assert said.err == ""


def test_it_is_a_company_of_every_kind(project: Project) -> None:
    assert Counter(resource.kind for resource in project.values) == {
        "ChangePolicy": 1,
        "DlpRuleSet": 2,
        "ElevationPolicy": 2,
        "Enrollment": 2,
        "Group": 8,
        "Invariant": 2,
        "Organization": 1,
        "Policy": 12,
        "PolicyTest": 5,
        "Role": 1,
        "RoleBinding": 6,
        "ServiceAccount": 2,
        "SkillApproval": 3,
        "User": 10,
        "VersionTarget": 2,
    }
    assert project.file.include is None


def test_its_own_tests_pass(project: Project, simulator: Simulator) -> None:
    results = run_policy_tests(project.values, simulator)
    assert [f"{item.address} {item.case.name}: {item.failure}" for item in results if not item.passed] == []
    assert len(results) >= 25


def test_its_own_tests_expect_every_effect_and_name_reasons_that_exist(project: Project) -> None:
    cases = [case for item in project.values if isinstance(item, PolicyTest) for case in item.spec.cases]
    assert {case.expect.effect for case in cases} == set(Effect)
    assert {case.expect.reason for case in cases if case.expect.reason} <= set(CODES)


def test_the_policy_on_trial_records_and_decides_nothing(simulator: Simulator) -> None:
    call = {"url": "https://news.example.org/"}
    decision = simulator.judge(Subject(user="dana"), "web_fetch", call, DAY).decision
    assert decision.effect is Effect.ALLOW
    assert [(record.code, record.resource) for record in decision.obligations.record] == [
        ("would-be-deny", "Policy/trial-egress")
    ]


def test_a_card_number_is_replaced_in_what_is_written(simulator: Simulator) -> None:
    call = {"path": "/home/priya/workspace/report.md", "content": "Paid with 4111 1111 1111 1111 today"}
    obligations = simulator.judge(Subject(user="priya"), "write", call, DAY).decision.obligations
    assert [(item.pointer, item.start, item.end) for item in obligations.redactions] == [("/content", 10, 29)]
    assert obligations.params is not None
    assert "4111" not in str(obligations.params)


def test_the_call_that_the_quickstart_allows_is_allowed_at_any_hour(simulator: Simulator) -> None:
    start = dt.datetime(2026, 11, 16, tzinfo=dt.UTC)
    for hours in range(8 * 24):
        at = start + dt.timedelta(hours=hours)
        allowed, refused = (
            simulator.judge(Subject(user="dana"), "exec", {"command": command}, at).decision.effect
            for command in ("git status", "git status; cat ~/.aws/credentials")
        )
        assert (allowed, refused) == (Effect.ALLOW, Effect.DENY), at


def test_everybody_and_every_tool(project: Project, simulator: Simulator) -> None:
    table = "\n".join(_table(project, simulator)) + "\n"
    if os.environ.get("CLAWFORGE_UPDATE_SNAPSHOTS") == "1":
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(table)
    assert table == SNAPSHOT.read_text()


def _table(project: Project, simulator: Simulator) -> list[str]:
    """One line a user and tool: by day, by night, and the code of the decisive reason by day."""
    users = [item.metadata.name for item in project.values if isinstance(item, User)]
    rows = []
    for user in users:
        for tool in sorted({*catalogue().tools, "mcp__jira__search", "mcp__unheard_of__tool"}):
            params = _params(user, tool)
            day, night = (simulator.judge(Subject(user=user), tool, params, at).decision for at in (DAY, NIGHT))
            assert day.reasons
            assert day.reasons[0].code in CODES
            rows.append(f"{user:8}{tool:26}{day.effect:7}{night.effect:7}{day.reasons[0].code}")
    return rows


def _params(user: str, tool: str) -> dict[str, Any]:
    home = f"/home/{user}"
    return {
        name: value.replace("{home}", home) if isinstance(value, str) else value
        for name, value in PLAUSIBLE.get(tool, {}).items()
    }
