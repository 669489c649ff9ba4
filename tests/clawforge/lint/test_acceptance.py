"""What comments and waivers accept, until when, and what is said about those that are no good."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from clawforge.diagnostic import Diagnostic, Severity
from clawforge.lint.engine import diagnose, examine
from clawforge.load.project import load_project
from clawforge.resource.waiver import Waiver

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


def diagnose_text(root: Path, text: str) -> list[Diagnostic]:
    (root / "clawforge.yaml").write_text(PROJECT)
    (root / "x.yaml").write_text(text)
    return diagnose(load_project(root), now=NOW)


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


def problem(root: Path, comment: str) -> str:
    """What the message says is wrong with a suppression."""
    (root / "clawforge.yaml").write_text(PROJECT)
    (root / "x.yaml").write_text(policy(beside=comment))
    (item,) = [item for item in diagnose(load_project(root), now=NOW) if item.code == "suppression-incomplete"]
    return item.message


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ('reason="x" until=2099-02-30', "`until` is `2099-02-30`, which is no day: February 2099 has 28 days."),
        ('reason="x" until=2099-04-31', "`until` is `2099-04-31`, which is no day: April 2099 has 30 days."),
        ('reason="x" until=2099-13-01', "`until` is `2099-13-01`, which is no day: there is no such month."),
        ('reason="x" until=0000-01-01', "`until` is `0000-01-01`, which is no day: there is no such year."),
        ('reason="x" until=2096-02-00', "`until` is `2096-02-00`, which is no day: February 2096 has 29 days."),
        ('reason="x" until=31.01.2099', "`until` is `31.01.2099`, which is not a date such as 2027-01-31."),
        ('reason="x until=2099-01-31', "the quote of `reason` is not closed."),
        ("reason='x until=2099-01-31", "the quote of `reason` is not closed."),
        ("reason='it''s\\' until=2099-01-31", "the quote of `reason` is not closed."),
        (
            "reason=until the move until=2099-01-31",
            "`the move until=2099-01-31` is not understood; a reason of several",
        ),
        ('reson="x" until=2099-01-31', "`reson` is neither `reason` nor `until` (did you mean `reason`?)."),
        ('reason= until="2099-01-31"', "`reason` has no value that can be read."),
        ('reason="x"until=2099-01-31', "`until=2099-01-31` is not understood"),
    ],
)
def test_the_message_names_what_is_wrong(tmp_path: Path, attributes: str, said: str) -> None:
    assert said in problem(tmp_path, f"# clawforge: ignore[exec-deny-best-effort] {attributes}")


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("'until the move'", "until the move"),
        ('"until the \\"move\\""', 'until the "move"'),
        (r"'it\'s a move'", "it's a move"),
        ("'it''s a move'", "it's a move"),
        (r'"C:\\moves"', "C:\\moves"),
        ('"it\'s # a move"', "it's # a move"),
        ("move", "move"),
    ],
)
def test_a_reason_may_stand_in_either_quotes(tmp_path: Path, written: str, reason: str) -> None:
    comment = f"# clawforge: ignore[exec-deny-best-effort] reason={written} until='2027-01-31'"
    (tmp_path / "clawforge.yaml").write_text(PROJECT)
    (tmp_path / "x.yaml").write_text(policy(beside=comment))
    (item,) = [i for i in examine(load_project(tmp_path), now=NOW).items if i.rule == "exec-deny-best-effort"]
    assert item.acceptance is not None
    assert item.acceptance.reason == reason


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
    comment = GOOD.replace("exec-deny-best-effort", "unresolved-reference")
    text = policy().replace("everyone", "{groups: [nobody]} " + comment)
    assert sorted(found(tmp_path, text))[1:] == [("suppression-unused", 5), ("unresolved-reference", 5)]
    waiver = WAIVER.replace("exec-deny-best-effort", "unresolved-reference")
    codes = [code for code, _ in found(tmp_path, policy().replace("everyone", "{groups: [nobody]}") + waiver)]
    assert sorted(codes) == ["exec-deny-best-effort", "suppression-unused", "unresolved-reference"]


def test_that_an_error_cannot_be_accepted_is_said_where_it_is_not(tmp_path: Path) -> None:
    text = policy().replace("kind: Policy", "kind: Policy " + GOOD.replace("exec-deny-best-effort", "base-tie"))
    (item,) = [item for item in diagnose_text(tmp_path, text) if item.code == "suppression-unused"]
    assert item.message == "This suppression has no effect: `base-tie` refuses the project, which nobody can accept."


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


@pytest.mark.parametrize("expires", ["2027-01-31", "2027-01-31T24:00:00Z", "2027-02-01T05:30:00+05:30"])
def test_a_waiver_ends_at_one_moment_for_everybody(tmp_path: Path, expires: str) -> None:
    """The rule that reports the waiver and what it accepts change at the same moment, the waiver's own end."""
    text = policy() + WAIVER.replace("2027-01-31", expires.replace("2027-01-31T24:00", "2027-02-01T00:00"))
    end = dt.datetime(2027, 2, 1, tzinfo=dt.UTC)
    tick = dt.datetime.resolution
    assert found(tmp_path, text, end - tick) == []
    (waiver,) = [item.resource for item in load_project(tmp_path).resources if isinstance(item.resource, Waiver)]
    assert waiver.spec.ends == end
    for now in (end, end + tick):
        assert found(tmp_path, text, now) == [("exec-deny-best-effort", 8), ("waiver-expired", 13)]


def test_the_last_day_that_can_be_written_ends(tmp_path: Path) -> None:
    text = policy() + WAIVER.replace("2027-01-31", "9999-12-31")
    assert found(tmp_path, text, dt.datetime(9999, 12, 30, 23, 59, 59, tzinfo=dt.UTC)) == []
    assert found(tmp_path, text, dt.datetime(9999, 12, 31, tzinfo=dt.UTC))[1:] == [("waiver-expired", 13)]


def test_a_waiver_of_what_is_about_files(tmp_path: Path) -> None:
    text = policy(beside="# a\u200b") + WAIVER.replace("exec-deny-best-effort", "yaml-invisible-character")
    (item,) = [item for item in diagnose_text(tmp_path, text) if item.code == "suppression-incomplete"]
    assert "is about files" in item.message


def test_what_the_loader_warns_about_is_accepted_in_a_comment(tmp_path: Path) -> None:
    text = policy(beside="# a\u200b")
    assert "yaml-invisible-character" in {item.code for item in diagnose_text(tmp_path, text)}
    text = policy(above=GOOD.replace("exec-deny-best-effort", "yaml-invisible-character"), beside="# a\u200b")
    codes = {item.code for item in diagnose_text(tmp_path, text)}
    assert not codes & {"yaml-invisible-character", "suppression-unused", "suppression-incomplete"}


def test_a_waiver_is_for_its_pointer_and_below(tmp_path: Path) -> None:
    for pointer in ("/spec", "/spec/exec", "/spec/exec/deny"):
        assert found(tmp_path, policy() + WAIVER.replace("spec: {", f"spec: {{pointer: {pointer}, ")) == []
    for pointer in ("/spec/exec/deny/0", "/spec/ex"):
        text = policy() + WAIVER.replace("spec: {", f"spec: {{pointer: {pointer}, ")
        assert found(tmp_path, text) == [("exec-deny-best-effort", 8), ("suppression-unused", 13)]


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
