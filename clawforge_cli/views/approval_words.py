"""Approvals in words, for every view of a plan; what comes from others is not made harmless here."""

from __future__ import annotations

from clawforge.plan import ApprovalLack, ApprovalNeed


def who_agrees(need: ApprovalNeed) -> str:
    """By whom a plan needs to be approved, and how many of them."""
    return f"{'somebody else' if need.count == 1 else f'{need.count} others'} with {_whose(need)} ({need.code})"


def what_lacks(lack: ApprovalLack) -> str:
    """How many approvals are missing, and whose they could be."""
    return f"{lack.count} more with {_whose(lack)} ({lack.code}). {_could(lack)}"


def _whose(item: ApprovalNeed | ApprovalLack) -> str:
    parts = [item.permission]
    parts += [f"the role {' or '.join(item.roles)}"] if item.roles else []
    parts += [f"a place in {' or '.join(item.groups)}"] if item.groups else []
    return " and ".join(parts)


def _could(lack: ApprovalLack) -> str:
    if not lack.who:
        return "Nobody who is active could give them."
    return f"Could be: {', '.join(lack.who)}{f' and {lack.others} more' if lack.others else ''}."
