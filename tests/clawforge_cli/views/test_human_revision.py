"""One revision for people: what `show` prints of it."""

from __future__ import annotations

import datetime as dt
import io

from clawforge.history import ComparedState, RevisionDetail, compared
from clawforge.plan import Action, Approval, Change, FieldChange, Summary
from clawforge.wire import Revision
from clawforge_cli.views.human_revision import show_diff, show_revision
from clawforge_cli.views.terminal import Printer

NOW = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
CHANGES = (
    Change(address="Group/ops", action=Action.CREATE, fields=(FieldChange(path="spec.members.users", after=["dev"]),)),
    Change(
        address="Policy/default",
        action=Action.UPDATE,
        fields=(FieldChange(path="spec.tools.deny", before=["exec"], after=["exec", "read"]),),
    ),
)


def revision(**more: object) -> Revision:
    return Revision(
        number=7,
        created_at=NOW,
        actor="user:ada",
        source="policies",
        commit="a" * 40,
        commit_author="Ada \x1b[31m",
        summary=Summary(add=1, change=1),
        plan_id="plan-1",
        state_digest="sha256:" + "0" * 64,
        change_digest="sha256:" + "1" * 64,
        **more,  # type: ignore[arg-type]
    )


def shown(found: RevisionDetail, *, detail: bool = False) -> list[str]:
    stream = io.StringIO()
    show_revision(found, Printer(stream, colour=False), detail=detail)
    return stream.getvalue().splitlines()


def test_who_what_and_who_approved() -> None:
    approval = Approval(by="user:bob", at=NOW, verdict="approved", reason="looks \u202eright")
    found = RevisionDetail(revision=revision(verdict="tighter", approvals=(approval,), rollback_to=3), changes=CHANGES)
    assert shown(found) == [
        "revision 7  2026-11-20T12:00:00Z  tighter  by user:ada",
        "  source policies, aaaaaaaaaaaa by Ada \\u{001b}[31m",
        "  rollback to revision 3",
        "  1 added, 1 changed, 0 destroyed",
        "  approved by user:bob (plan plan-1): looks \\u{202e}right",
        "",
        "  + Group/ops was created",
        "",
        "  ~ Policy/default was updated in-place",
        "      ~ spec.tools.deny:",
        '          + "read"',
        "            (1 unchanged)",
        "(Hidden: 1 field of what was created or was destroyed; --detail shows them.)",
    ]


def test_a_new_name_is_told_with_the_old_one() -> None:
    change = Change(address="Group/new", action=Action.MOVE, previous="Group/old")
    assert (
        shown(RevisionDetail(revision=revision(), changes=(change,)))[-1] == "  > Group/new was renamed from Group/old"
    )
    sides = (ComparedState(revision=1, digest="x"), ComparedState(revision=2, digest="y"))
    stream = io.StringIO()
    show_diff(compared("acme", *sides, (change,)), Printer(stream, colour=False), detail=False)
    assert stream.getvalue().splitlines() == [
        "Org acme, from revision 1 to revision 2:",
        "",
        "  > Group/new is renamed from Group/old",
        "",
        "Differences: 0 new, 0 changed, 0 gone, 1 renamed.",
    ]


def test_details_on_demand() -> None:
    lines = shown(RevisionDetail(revision=revision(), changes=CHANGES), detail=True)
    assert '      + spec.members.users: ["dev"]' in lines
    assert lines[0] == "revision 7  2026-11-20T12:00:00Z  by user:ada"


def test_for_who_may_not_read_the_state() -> None:
    assert shown(RevisionDetail(revision=revision()))[-1] == "What changed is for those who hold state:read."
