"""The verdict against enumeration where approvals, refusals, and who must have an approval are all that there is."""

from __future__ import annotations

import os
from itertools import compress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strategies import resource
from verdict_check import check

from clawforge.analysis.verdict import Answer
from clawforge.resource.meta import Resource

CASES = int(os.environ.get("CLAWFORGE_ORACLE_CASES", "150"))
REQUIRED = {"requireApproval": True}
ENG, OPS = {"groups": ["eng"]}, {"groups": ["ops"]}


def skill(name: str, status: str, **spec: object) -> Resource:
    return resource("SkillApproval", name, {"appliesTo": "everyone", "key": "pdf-tools", "status": status, **spec})


OPEN = resource("Policy", "base", {"appliesTo": "everyone"})
CLOSED = resource("Policy", "base", {"appliesTo": "everyone", "skills": REQUIRED})
GUARD = resource("Policy", "guard", {"mode": "guardrail", "appliesTo": "everyone", "skills": REQUIRED})
OVER = resource("Policy", "over", {"mode": "overlay", "appliesTo": OPS, "skills": REQUIRED})
APPROVED = skill("approved", "approved", appliesTo=ENG)
ALICE = resource("User", "alice", {"email": "alice@acme.example"})
NOBODY = resource("Group", "eng", {"members": {}})
ENGINEERS = resource("Group", "eng", {"members": {"users": ["alice"]}})
POOL = (
    GUARD,
    OVER,
    resource("Policy", "own", {"appliesTo": OPS, "skills": {"sources": ["registry/*"]}}),
    APPROVED,
    skill("approved-one", "approved", version="1.0"),
    skill("approved-other", "approved", key="deploy", appliesTo={**OPS, "except": ENG}),
    skill("rejected", "rejected"),
    skill("rejected-one", "rejected", version="1.0"),
    skill("rejected-there", "rejected", version="2.0", appliesTo={**OPS, "except": ENG}),
    skill("revoked", "revoked", version="1.0", appliesTo=ENG),
    skill("revoked-there", "revoked", appliesTo=OPS),
)


@st.composite
def changes(draw: st.DrawFn) -> tuple[list[Resource], list[Resource]]:
    """One resource comes or goes, or one of the two that always are there is another."""
    bits = draw(st.integers(0, 2 ** len(POOL) - 1))
    some = list(compress(POOL, (bits >> place & 1 for place in range(len(POOL)))))
    base, group = draw(st.sampled_from((OPEN, CLOSED))), draw(st.sampled_from((NOBODY, ENGINEERS)))
    state = [ALICE, base, group, *some]
    number = draw(st.integers(-2, len(POOL) - 1))
    if number == -2:
        other = [ALICE, OPEN if base is CLOSED else CLOSED, group, *some]
    elif number == -1:
        other = [ALICE, base, NOBODY if group is ENGINEERS else ENGINEERS, *some]
    else:
        gone = POOL[number]
        other = [item for item in state if item is not gone] if gone in state else [*state, gone]
    return state, other


@given(changes())
@settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_verdict_on_skills_agrees_with_enumeration(change: tuple[list[Resource], list[Resource]]) -> None:
    check(*change)


def test_a_refusal_of_what_only_a_group_may_load() -> None:
    """Whoever is in no group may load it neither before nor after: only the group shows the difference."""
    for status in ("rejected", "revoked"):
        no = skill("no", status, version="1.0")
        judged = check([GUARD, CLOSED, APPROVED, no], [GUARD, CLOSED, APPROVED])
        assert (judged.loosens, judged.tightens) == (Answer.YES, Answer.NO)


def test_a_wider_refusal_frees_nobody() -> None:
    one, all_of_it = skill("one", "rejected", version="1.0"), skill("all", "rejected")
    judged = check([OPEN, APPROVED, one], [OPEN, APPROVED, one, all_of_it])
    assert (judged.loosens, judged.tightens) == (Answer.NO, Answer.YES)


def test_a_group_whose_skill_others_need_approved() -> None:
    """Only an overlay asks for the approval that comes with the group."""
    judged = check([OPEN, OVER, APPROVED, ALICE, NOBODY], [OPEN, OVER, APPROVED, ALICE, ENGINEERS])
    assert (judged.loosens, judged.tightens) == (Answer.YES, Answer.NO)
