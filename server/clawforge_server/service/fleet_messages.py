"""Telling the people at machines something, by their agents."""

from __future__ import annotations

import datetime as dt

from clawforge.dsse import Envelope
from clawforge.errors import ConflictError, ForbiddenError, NotFoundError
from clawforge.message import Message, sign_message
from clawforge.wire_bulk import BulkAnswer, BulkMessage, BulkResult
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done
from clawforge_server.service.bulk import MOST_NAMED, active_instance, failed
from clawforge_server.state.message_board import MOST_WAITING
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.message_port import MessageRecord
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import InstanceRecord

MESSAGE = "instances:message"
_LIFE = dt.timedelta(days=7)


def message_instances(
    plane: ControlPlane, who: Principal, org: str, request: BulkMessage, *, origin: Origin | None = None
) -> BulkAnswer:
    """Each agent shows the text once: at once where it waits for news, else when it reports next, within a week.

    What cannot be told fails by itself: old plugins (`cannot-be-told`), and machines for which too much waits already.
    Raises NotFoundError for an unknown org.
    """
    state, now = plane.states.get(org), plane.clock.now()
    plane.messages.load(org, now)
    with plane.store.transaction() as transaction:
        names = tuple(dict.fromkeys(request.instances))
        results = tuple(_tellable(plane, transaction, state, who, name, now) for name in names)
        told = [item.instance for item in results if item.outcome == "done"]
        number = transaction.fleet_messages.last(org) + 1
        record = MessageRecord(number, request.text, who.actor, now, now + _LIFE)
        entry = done(
            now,
            who.actor,
            MESSAGE,
            origin=origin,
            revision=state.state.revision,
            instances=told[:MOST_NAMED],
            count=len(told),
            failed=len(results) - len(told),
            message=number if told else None,
            text=request.text,
        )
        transaction.audit.append(org, entry)
        if told:
            transaction.fleet_messages.send(org, record, told)
    if told:
        plane.messages.post(org, record, told)
    plane.refreshes.want(org, told)
    plane.wakeups.notify(org)
    return BulkAnswer(results=results)


def signed_messages(
    plane: ControlPlane, state: OrgState, instance: InstanceRecord, now: dt.datetime
) -> tuple[Envelope, ...]:
    """What waits for a machine, oldest first, as far as it is in memory."""
    waiting = plane.messages.peek(instance.org, instance.name, now)
    if not waiting or state.keys is None:
        return ()
    key = state.keys.online
    return tuple(
        sign_message(
            Message(
                org=instance.org,
                instance=instance.name,
                number=item.number,
                text=item.text,
                by=item.sender,
                at=item.sent_at.replace(microsecond=0),
            ),
            key,
        )
        for item in waiting
    )


def _tellable(
    plane: ControlPlane, transaction: Transaction, state: OrgState, who: Principal, name: str, now: dt.datetime
) -> BulkResult:
    try:
        instance = active_instance(transaction, state, who, name, MESSAGE)
        if instance.protocol == "plugin":
            raise ConflictError("The protocol of the old plugin carries no messages.", code="cannot-be-told")
        if len(plane.messages.peek(state.name, name, now) or ()) >= MOST_WAITING:
            raise ConflictError(
                f"{MOST_WAITING} messages wait for this machine, which has told its person none of them.",
                code="too-many-messages",
            )
    except (ConflictError, ForbiddenError, NotFoundError) as error:
        return failed(name, error)
    return BulkResult(instance=name, outcome="done")
