"""What an instance is told to deny at once: the kill switches of its org, and its own quarantine."""

from __future__ import annotations

from clawforge.decide.request import KillOrder
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import format_instant
from clawforge_server.state.org_state import OrgState

_MOST_NAMED = 3
_GROUP = "group:"


def emergency_orders(state: OrgState, subject: Subject) -> tuple[KillOrder, ...]:
    """Every kill switch of the org that could concern a subject, and one for its instance if that is in quarantine.

    Who belongs to a group is judged here: the bundle that an agent holds may be older than the group is. So a member is
    stopped by an order for its very instance as well, and whoever is no member hears nothing of the group.
    """
    shut_in = () if subject.instance is None else shut_in_orders(state, subject.instance)
    if not any(order.scope.startswith(_GROUP) for order in state.kills):
        return (*state.kills, *shut_in)
    groups = {f"{_GROUP}{name}" for name in groups_of(state, subject)}
    kills = tuple(item for item in state.kills if not item.scope.startswith(_GROUP) or item.scope in groups)
    stopped = next((item for item in kills if item.scope in groups), None)
    if stopped is None or subject.instance is None or shut_in:
        return (*kills, *shut_in)
    # One for all groups: a lease has room for no more.
    return (*kills, stopped.model_copy(update={"scope": f"instance:{subject.instance}"}))


def groups_of(state: OrgState, subject: Subject) -> frozenset[str]:
    """The groups that a subject is in, and while a rollout is open also those of the revision that is held: a kill
    switch stops the members of both."""
    groups = frozenset(state.newest.model.facts(subject).groups)
    return groups if state.stage is None else groups | frozenset(state.stage.held.model.facts(subject).groups)


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
