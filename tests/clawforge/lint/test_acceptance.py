"""What comments and waivers accept, until when, and what is said about those that are no good."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from clawforge.diagnostic import Severity
from clawforge.lint.engine import diagnose, examine
from clawforge.load.project import load_project

PROJECT = "apiVersion: clawforge/v1\nkind: Project\norg: acme\nsource: main\n"
NOW = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
POLICY = """\
apiVersion: clawforge/v1
kind: Policy
metadata: {{name: everybody, annotations: {{reason: "# clawforge: ignore[none]"}}}}
spec:
  appliesTo: everyone
  exec:
    {above}
    deny: ["rm **"] {beside}
"""
GOOD = '# clawforge: ignore[exec-deny-best-effort] reason="until the move" until=2027-01-31'
WAIVER = """\
---
apiVersion: clawforge/v1
kind: Waiver
metadata: {name: w}
spec: {rule: exec-deny-best-effort, resource: Policy/everybody, reason: until the move, expires: 2027-01-31}
"""
ABOUT = {"exec-deny-best-effort", "waiver-expired", "unresolved-reference"}


def found(root: Path, text: str, now: dt.datetime | None = NOW, settings: str = "") -> list[tuple[str, int]]:
    """Code and line of what is reported about suppressions and about what they are to accept."""
    (root / "clawforge.yaml").write_text(PROJECT + settings)
    (root / "x.yaml").write_text(text)
    diagnostics = diagnose(load_project(root), now=now)
    wanted = [item for item in diagnostics if item.code in ABOUT or item.code.startswith("suppression-")]
    return [(item.code, item.location.line) for item in wanted]


def policy(above: str = "", beside: str = "") -> str:
    return POLICY.format(above=above, beside=beside)


def test_without_a_suppression_it_is_reported(tmp_path: Path) -> None:
    assert found(tmp_path, policy()) == [("exec-deny-best-effort", 8)]


def test_a_comment_beside_or_above_accepts(tmp_path: Path) -> None:
    assert found(tmp_path, policy(beside=GOOD)) == []
    assert found(tmp_path, policy(above=GOOD)) == []
    (tmp_path / "x.yaml").write_text(policy(beside=GOOD))
    (item,) = [i for i in examine(load_project(tmp_path), now=NOW).items if i.rule == "exec-deny-best-effort"]
    assert item.acceptance is not None
    assert (item.acceptance.reason, item.acceptance.by) == ("until the move", "")


def test_several_comments_may_stand_above(tmp_path: Path) -> None:
    other = GOOD.replace("exec-deny-best-effort", "no-base")
    assert found(tmp_path, policy(above=f"{GOOD}\n    {other}")) == [("suppression-unused", 8)]


def test_the_day_counts_to_its_end(tmp_path: Path) -> None:
    last = dt.datetime(2027, 1, 31, 23, 59, 59, tzinfo=dt.UTC)
    assert found(tmp_path, policy(beside=GOOD), last) == []
    after = [("exec-deny-best-effort", 8), ("suppression-expired", 8)]
    assert found(tmp_path, policy(beside=GOOD), last + dt.timedelta(seconds=1)) == after


def test_without_the_present_moment_nothing_is_accepted(tmp_path: Path) -> None:
    assert found(tmp_path, policy(beside=GOOD), None) == [("exec-deny-best-effort", 8)]


@pytest.mark.parametrize(
    "comment",
    [
        "# clawforge: ignore",
        "# clawforge: ignore[]",
        "# clawforge: ignore[exec-deny-best-effort]",
        '# clawforge: ignore[exec-deny-best-effort] reason="x"',
        "# clawforge: ignore[exec-deny-best-effort] until=2027-01-31",
        '# clawforge: ignore[exec-deny-best-effort] reason=" " until=2027-01-31',
        '# clawforge: ignore[exec-deny-best-effort] reason="x" until=tomorrow',
        '# clawforge: ignore[exec-deny-best-effort] reason="x" until=2027-02-30',
        '# clawforge: ignore[exec-deny-best-effort] reason="x" reason="y" until=2027-01-31',
        '# clawforge: ignore[exec-deny-best-effort] reason="x" until=2027-01-31 and more',
        '# clawforge: ignore[exec-deny-best-efort] reason="x" until=2027-01-31',
        '#clawforge:ignore[exec-deny-best-effort] reason="x',
    ],
)
def test_an_incomplete_suppression_accepts_nothing_and_says_so(tmp_path: Path, comment: str) -> None:
    assert found(tmp_path, policy(beside=comment)) == [("exec-deny-best-effort", 8), ("suppression-incomplete", 8)]


def test_a_suppression_that_nothing_needs_is_stale(tmp_path: Path) -> None:
    elsewhere = policy(beside=GOOD).replace("kind: Policy", f"kind: Policy {GOOD}")
    assert found(tmp_path, elsewhere) == [("suppression-unused", 2)]
    both = GOOD.replace("[exec", "[no-base, exec")
    assert found(tmp_path, policy(beside=both)) == [("suppression-unused", 8)]


def test_nothing_is_called_stale_where_not_everything_could_be_read(tmp_path: Path) -> None:
    broken = policy().replace("kind: Policy", f"kind: Policy {GOOD}") + "---\nkind: Nothing\n"
    assert found(tmp_path, broken) == [("exec-deny-best-effort", 8)]


def test_a_hash_inside_of_a_text_is_no_comment(tmp_path: Path) -> None:
    hidden = policy().replace('["rm **"]', f'["rm **", {GOOD!r}]')
    assert [code for code, _ in found(tmp_path, hidden)] == ["exec-deny-best-effort"]


def test_an_error_is_never_accepted(tmp_path: Path) -> None:
    text = policy().replace("everyone", "{groups: [nobody]} " + GOOD.replace("exec-deny-best-effort", "reference"))
    assert found(tmp_path, text)[:2] == [("suppression-unused", 5), ("unresolved-reference", 5)] or found(
        tmp_path, text
    )[:2] == [("unresolved-reference", 5), ("suppression-unused", 5)]
    waiver = WAIVER.replace("exec-deny-best-effort", "reference")
    codes = [code for code, _ in found(tmp_path, policy().replace("everyone", "{groups: [nobody]}") + waiver)]
    assert sorted(codes) == ["exec-deny-best-effort", "suppression-unused", "unresolved-reference"]


def test_a_finding_raised_to_an_error_by_the_project_can_be_accepted(tmp_path: Path) -> None:
    raised = "lint: {levels: {exec-deny-best-effort: error}}\n"
    assert found(tmp_path, policy(beside=GOOD), settings=raised) == []


def test_the_codes_about_suppressions_have_levels(tmp_path: Path) -> None:
    text = policy().replace("kind: Policy", f"kind: Policy {GOOD}")
    assert ("suppression-unused", 2) not in found(tmp_path, text, settings="lint: {levels: {suppression-unused: off}}")
    (tmp_path / "clawforge.yaml").write_text(PROJECT + "lint: {levels: {suppression-unused: error}}")
    (item,) = [item for item in diagnose(load_project(tmp_path), now=NOW) if item.code == "suppression-unused"]
    assert item.severity is Severity.ERROR


def test_a_waiver_accepts_until_it_expires(tmp_path: Path) -> None:
    assert found(tmp_path, policy() + WAIVER) == []
    (item,) = [i for i in examine(load_project(tmp_path), now=NOW).items if i.rule == "exec-deny-best-effort"]
    assert item.acceptance is not None
    assert item.acceptance.by == "Waiver/w"
    late = dt.datetime(2027, 2, 1, tzinfo=dt.UTC)
    assert found(tmp_path, policy() + WAIVER, late) == [("exec-deny-best-effort", 8), ("waiver-expired", 13)]


def test_a_waiver_is_for_its_pointer_and_below(tmp_path: Path) -> None:
    for pointer in ("/spec", "/spec/exec", "/spec/exec/deny"):
        assert found(tmp_path, policy() + WAIVER.replace("spec: {", f"spec: {{pointer: {pointer}, ")) == []
    for pointer in ("/spec/exec/deny/0", "/spec/ex"):
        text = policy() + WAIVER.replace("spec: {", f"spec: {{pointer: {pointer}, ")
        assert found(tmp_path, text) == [("exec-deny-best-effort", 8), ("suppression-unused", 10)]


def test_a_waiver_of_an_unknown_rule_or_resource(tmp_path: Path) -> None:
    unknown = policy() + WAIVER.replace("exec-deny-best-effort", "exec-deny-best-efort")
    assert found(tmp_path, unknown) == [("exec-deny-best-effort", 8), ("suppression-incomplete", 13)]
    gone = policy() + WAIVER.replace("Policy/everybody", "Policy/nobody")
    assert ("unresolved-reference", 13) in found(tmp_path, gone)


def test_an_expired_waiver_cannot_be_waived(tmp_path: Path) -> None:
    expired = WAIVER.replace("2027", "2025")
    second = WAIVER.replace("name: w", "name: v").replace("Policy/everybody", "Waiver/w")
    second = second.replace("exec-deny-best-effort", "waiver-expired")
    codes = [code for code, _ in found(tmp_path, policy() + expired + second)]
    assert sorted(codes) == ["exec-deny-best-effort", "suppression-unused", "waiver-expired"]


def test_many_bad_suppressions_are_judged_in_no_time(tmp_path: Path) -> None:
    lines = "".join(f'# clawforge: ignore[rule-{n}] reason="x" until=2027-01-31\n' for n in range(5000))
    assert len(found(tmp_path, lines + policy())) == 5001
