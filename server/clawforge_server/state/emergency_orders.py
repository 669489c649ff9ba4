"""What an instance is told to deny at once: the kill switches of its org, and its own quarantine."""

from __future__ import annotations

from clawforge.decide.request import KillOrder
from clawforge.resource.meta import format_instant
from clawforge_server.state.org_state import OrgState

_MOST_NAMED = 3


def emergency_orders(state: OrgState, instance: str | None) -> tuple[KillOrder, ...]:
    """Every kill switch of the org that is on, and one for the instance if it is in quarantine. Each agent judges which
    concern it."""
    return (*state.kills, *(() if instance is None else shut_in_orders(state, instance)))


def shut_in_orders(state: OrgState, instance: str) -> tuple[KillOrder, ...]:
    """What makes the agent of an instance in quarantine deny every call: a kill switch for it alone, which every agent
    obeys, also offline and while it is elevated."""
    found, by_hand = state.quarantined(instance), state.shut_in_by_hand(instance)
    moments = [item.at for item in found] + ([by_hand.created_at] if by_hand is not None else [])
    if not moments:
        return ()
    since = format_instant(min(moments).replace(microsecond=0))
    message = f"it is in quarantine since {since}"
    if found:
        named = ", ".join(item.invariant for item in found[:_MOST_NAMED])
        more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        message += f", because it violates {named}{more}."
    if by_hand is not None:
        message += f"{' And' if found else ''}: {by_hand.message or by_hand.reason}"
    return (KillOrder(scope=f"instance:{instance}", reason="quarantine", message=message),)
