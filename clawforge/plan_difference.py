"""What differs between the plan that was reviewed and the one that would be carried out."""

from __future__ import annotations

from collections.abc import Iterator

from clawforge.plan import Change, Plan

_MOST = 20


def is_same_change(reviewed: Plan, made: Plan) -> bool:
    """Whether the two make the same change to the same source with the same effect on everybody, as approvals bind."""
    return _identity(reviewed) == _identity(made) and made.meaning_digest is not None


def plan_differences(reviewed: Plan, made: Plan) -> tuple[str, ...]:
    """Sentences about what differs, by address; empty for the same change."""
    if is_same_change(reviewed, made):
        return ()
    found = list(_differences(reviewed, made))
    more = len(found) - _MOST
    return tuple(found) if more <= 0 else (*found[:_MOST], f"{more:,} more differences are not listed.")


def _identity(plan: Plan) -> tuple[str | None, ...]:
    return (plan.org, plan.source, plan.digest, plan.meaning_digest)


def _differences(reviewed: Plan, made: Plan) -> Iterator[str]:
    if (reviewed.org, reviewed.source) != (made.org, made.source):
        yield f"The reviewed plan is about source {reviewed.source} of org {reviewed.org}."
        return
    before, after = ({change.address: change for change in plan.changes} for plan in (reviewed, made))
    for address in sorted(before.keys() | after.keys()):
        then, now = before.get(address), after.get(address)
        if now is None:
            yield f"{address} was to be {_verb(then)} when it was reviewed, and is not changed now."
        elif then is None:
            yield f"{address} would be {_verb(now)}, and was not part of what was reviewed."
        elif (then.action, then.previous, then.fields) != (now.action, now.previous, now.fields):
            yield f"{address} would be {_verb(now)} otherwise than reviewed."
    if reviewed.meaning.verdict != made.meaning.verdict:
        yield f"The verdict was {reviewed.meaning.verdict}, and is {made.meaning.verdict} now."
    elif reviewed.meaning_digest != made.meaning_digest:
        yield "Who gains or loses what is not the same any more."
    if reviewed.base.revision != made.base.revision:
        yield f"It was reviewed on revision {reviewed.base.revision}; the org is at {made.base.revision} now."


def _verb(change: Change | None) -> str:
    words = {"create": "created", "update": "changed", "delete": "destroyed", "move": "renamed", "forget": "forgotten"}
    return words[change.action.value] if change is not None else "changed"
