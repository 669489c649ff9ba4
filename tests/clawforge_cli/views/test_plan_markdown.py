"""A plan as a comment: it fits, says what it cut, and nothing in it is markup that somebody else wrote."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from clawforge.meaning import AccessLine, Meaning
from clawforge.plan import (
    Action,
    Approval,
    ApprovalLack,
    ApprovalNeed,
    Approvals,
    Base,
    Change,
    FieldChange,
    Plan,
    PlanLocation,
    PlanWarning,
    Summary,
)
from clawforge_cli.views.plan_markdown import plan_markdown

DIGEST = "sha256:" + "0" * 64
TEXTS = st.text(max_size=40) | st.sampled_from(
    ("```", "~~~~", "</details>", "<img src=x>", "@everyone", "#1", "| a |", "[x](http://y)", "a\n```\nb", "\u202e")
)
VALUES = TEXTS | st.lists(TEXTS, max_size=4) | st.none() | st.integers()
FIELDS = st.builds(FieldChange, path=TEXTS, before=VALUES, after=VALUES)
CHANGES = st.builds(
    Change,
    address=st.sampled_from(("Policy/a", "Policy/b", "Group/c")),
    action=st.sampled_from(Action),
    location=st.none() | st.builds(PlanLocation, file=TEXTS, line=st.integers(0, 9)),
    fields=st.lists(FIELDS, max_size=3).map(tuple),
)


def plan(changes: list[Change], **more: object) -> Plan:
    ordered = tuple(sorted(changes, key=lambda change: change.address))
    made = Plan(
        org="acme",
        source="main",
        base=Base(revision=1, digest=DIGEST),
        digest=DIGEST,
        state_digest=DIGEST,
        summary=Summary(add=len(changes)),
        changes=ordered,
    )
    return made.model_copy(update=more)


def outside_of_blocks(text: str) -> str:
    return re.sub(r"^```diff\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


@given(st.lists(CHANGES, max_size=12), TEXTS, st.integers(1500, 4000))
def test_it_fits_and_no_block_is_left_by_what_stands_in_it(changes: list[Change], text: str, limit: int) -> None:
    warnings = (PlanWarning(code="x", message=text, file=text, line=1),)
    needed = (ApprovalNeed(code=text, permission=text, roles=(text,), groups=(text,)),)
    lacks = (ApprovalLack(code=text, count=1, roles=(text,), who=(text,)),)
    given_ = (Approval(by=text, at="2026-11-20T10:00:00Z", verdict="approved", reason=text, vouched_by=text),)  # type: ignore[arg-type]
    made = plan(changes, warnings=warnings, approvals=Approvals(needed=needed, given=()))
    made = made.model_copy(update={"approvals": Approvals.model_construct(needed=needed, given=given_, missing=lacks)})
    shown = plan_markdown(made, limit=limit)
    assert len(shown) <= limit
    assert shown == plan_markdown(made, limit=limit)
    rest = outside_of_blocks(shown)
    assert "```" not in rest.replace("\\`", "")
    tags = re.findall(r"(?<!\\)<[^!\s][^>]*>", rest)
    assert set(tags) <= {"<details>", "</details>", "<summary>", "</summary>"}
    assert tags.count("<details>") == tags.count("</details>")


def test_what_does_not_fit_is_counted() -> None:
    fields = tuple(FieldChange(path=f"spec.f{number}", after="x" * 150) for number in range(10))
    many = [Change(address=f"Policy/p{number:03}", action=Action.CREATE, fields=fields) for number in range(100)]
    few = [Change(address="Group/g", action=Action.DELETE)]
    shown = plan_markdown(plan([*many, *few]))
    assert len(shown) <= 60_000
    assert "- Group/g will be destroyed" in shown
    assert "- Policy: 100" in shown
    assert "**100 more changes do not fit into a comment.**" in shown


def test_marks_and_members() -> None:
    field = FieldChange(path="spec.tools.deny", before=["a", "b"], after=["b", "c"])
    gain = AccessLine(kind="tool", what=("exec",), before="deny", after="ask", users=1, names=("dev",))
    meaning = Meaning(verdict="looser", gains=(gain,))
    shown = plan_markdown(plan([Change(address="Policy/a", action=Action.UPDATE, fields=(field,))], meaning=meaning))
    assert "! Policy/a will be updated in-place" in shown
    assert '!     spec.tools.deny: 1 less, 1 more, 1 unchanged\n-         "a"\n+         "c"' in shown
    assert "**Verdict: looser**: somebody may do more, and nobody less." in shown
    assert "| + | exec \\(deny \\-&gt; ask\\) | dev |" in shown
    assert plan_markdown(plan([])).startswith("### clawforge: no changes\n")
