"""What a pipeline says of a plan: thresholds, what differs from the reviewed one, and texts that stay texts."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from official_formats import sarif_problems
from server_app import NOON

from clawforge.errors import InputError
from clawforge.meaning import Meaning
from clawforge.plan import Action, ApprovalLack, ApprovalNeed, Approvals, Base, Change, FieldChange, Plan, Summary
from clawforge.plan_difference import is_same_change, plan_differences
from clawforge_cli.ci.examination import Examination, examined
from clawforge_cli.ci.report_files import write_reports
from clawforge_cli.ci.settings import CiOptions
from clawforge_cli.ci.threshold import Threshold, exit_code, parse_thresholds, reached
from clawforge_cli.views.ci_markdown import change_markdown, findings_markdown
from clawforge_cli.views.ci_report import show_plan
from clawforge_cli.views.terminal import Printer

DIGEST = "sha256:" + "0" * 64
EVIL = "::error::pwned\r\n::add-mask::x\n##[command]y\n%0A::set-output name=a::b"
POLICY = """\
apiVersion: clawforge/v1
kind: Policy
metadata: {name: default}
spec:
  appliesTo: everyone
  tools: {deny: [%s]}
"""


def plan(*changes: Change, verdict: str = "looser", **more: Any) -> Plan:
    made = Plan(
        org="acme",
        source="main",
        base=Base(revision=1, digest=DIGEST),
        digest=f"{DIGEST}{len(changes)}",
        state_digest=DIGEST,
        summary=Summary(change=len(changes), destroy=sum(item.action is Action.DELETE for item in changes)),
        changes=changes,
        meaning=Meaning(verdict=verdict),
        meaning_digest=f"{DIGEST}{verdict}",
    )
    return made.model_copy(update=more)


def change(name: str, action: Action = Action.UPDATE, after: object = 1) -> Change:
    return Change(address=f"Policy/{name}", action=action, fields=(FieldChange(path="spec", after=after),))


def project(root: Path, denied: str = "exec", file: str = "p.yaml") -> Path:
    root.mkdir(exist_ok=True)
    (root / "clawforge.yaml").write_text("apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n")
    (root / file).write_text(POLICY % denied)
    return root


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Examination:
    return examined(project(tmp_path_factory.mktemp("p")), NOON)


LACKS = Approvals(needed=(ApprovalNeed(code="x"),), missing=(ApprovalLack(code="x", count=1),))


@pytest.mark.parametrize(
    ("made", "names"),
    [
        (plan(change("a"), verdict="looser"), {"looser"}),
        (plan(change("a"), verdict="mixed"), {"looser", "mixed"}),
        (plan(change("a"), verdict="unknown"), {"looser", "mixed"}),
        (plan(change("a"), verdict="tighter"), set()),
        (plan(verdict="unknown"), set()),
        (plan(change("a", Action.DELETE), verdict="equal"), {"deletions"}),
        (plan(change("a"), verdict="equal", id="plan-1", approvals=LACKS), {"approvals"}),
        (plan(change("a"), verdict="equal", id="plan-1", approvals=Approvals(needed=LACKS.needed)), set()),
        (plan(change("a"), verdict="equal", approvals=Approvals(needed=LACKS.needed)), {"approvals"}),
    ],
)
def test_each_threshold_is_about_one_thing(found: Examination, made: Plan, names: set[str]) -> None:
    for item in Threshold:
        if item is not Threshold.FINDINGS:
            assert bool(reached({item}, found, made)) == (item.value in names), item
            code = 0 if item.value not in names else 4 if item is Threshold.APPROVALS else 3
            assert exit_code({item}, found, made) == code
    assert exit_code(frozenset(), found, made) == 0


def test_warnings_are_findings(found: Examination, tmp_path: Path) -> None:
    warned = examined(project(tmp_path / "p", "write"), NOON)
    assert (found.warnings, warned.warnings) == (0, 1)
    assert [exit_code({Threshold.FINDINGS}, item, plan()) for item in (found, warned)] == [0, 3]


def test_thresholds_are_written_with_commas() -> None:
    assert parse_thresholds(None) == parse_thresholds(" , ") == frozenset()
    assert parse_thresholds("looser, deletions") == {Threshold.LOOSER, Threshold.DELETIONS}
    with pytest.raises(InputError, match="--fail-on: 'loser'"):
        parse_thresholds("loser")


def test_only_the_same_change_with_the_same_meaning_is_the_same() -> None:
    one = plan(change("a"))
    assert is_same_change(one, plan(change("a"), base=Base(revision=7, digest="x"), commit="c" * 40))
    assert plan_differences(one, one) == ()
    unknown = one.model_copy(update={"meaning_digest": None})
    assert not is_same_change(unknown, unknown)
    for other in (plan(change("a"), verdict="mixed"), plan(change("a"), digest="x"), plan(change("a"), org="b")):
        assert not is_same_change(one, other)
        assert plan_differences(one, other) != () or other.digest == "x"


def test_what_differs_is_said_by_address() -> None:
    before = plan(change("gone"), change("same"), change("other"))
    after = plan(change("same"), change("other", after=2), change("new", Action.DELETE), verdict="mixed")
    after = after.model_copy(update={"digest": "x", "base": Base(revision=2, digest=DIGEST)})
    assert plan_differences(before, after) == (
        "Policy/gone was to be changed when it was reviewed, and is not changed now.",
        "Policy/new would be destroyed, and was not part of what was reviewed.",
        "Policy/other would be changed otherwise than reviewed.",
        "The verdict was looser, and is mixed now.",
        "It was reviewed on revision 1; the org is at 2 now.",
    )
    many = plan(*(change(f"p{number:03}") for number in range(50)))
    assert plan_differences(plan(), many)[-1] == "30 more differences are not listed."


@settings(max_examples=30)
@given(st.text(max_size=60) | st.sampled_from([EVIL, "::stop-commands::x", "\n::error::a"]))
def test_foreign_text_is_no_command_to_a_runner(text: str) -> None:
    stream = io.StringIO()
    named = plan(change("a", after=text), verdict="looser")
    show_plan(named, Printer(stream, colour=False), compared_with=text or "x", annotate=True)
    first, *inside, last = stream.getvalue().splitlines()
    word = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", first)
    assert word is not None
    assert last == f"::{word[1]}::"
    assert [line for line in inside if line.lstrip().startswith("::") or "##[" in line] == []


def test_a_comment_keeps_its_limit_whatever_the_change(found: Examination, tmp_path: Path) -> None:
    big = plan(*(change(f"p{number}", after="x" * 300) for number in range(400)), id="plan-1")
    text = change_markdown(big, found, 20_000, compared_with=None, reached=("The change may let somebody do more.",))
    assert len(text) <= 20_000
    assert "do not fit into a comment" in text
    assert "**Fails**: The change may let somebody do more\\." in text
    assert "`plan-1`" in text
    root = project(tmp_path / "p")
    for number in range(300):
        (root / f"f{number}.yaml").write_text(POLICY % "nonsense, [")
    shown = findings_markdown(examined(root, NOON), 5_000)
    assert len(shown) <= 5_000
    assert shown.endswith("(The rest does not fit.)\n")


def test_reports_are_what_services_read(tmp_path: Path) -> None:
    root = project(tmp_path / "p", "write", file="odd,na:me%0A.yaml")
    sarif, quality = tmp_path / "found.sarif", tmp_path / "quality.json"
    write_reports(examined(root, NOON), CiOptions(root, sarif=sarif, code_quality=quality))
    document = json.loads(sarif.read_text())
    assert sarif_problems(document) == []
    assert document["runs"][0]["results"]
    issues = json.loads(quality.read_text())
    assert {issue["severity"] for issue in issues} <= {"info", "minor", "major", "critical", "blocker"}
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)
    assert all(issue["location"]["lines"]["begin"] >= 1 for issue in issues)
