"""Which credential the agent shows, and how one takes the place of another.

The control plane keeps the old one good until the new one is used for the first time, and the agent keeps both until
it knows which one counts. So there is no moment at which a crash or a lost answer locks it out.
"""

from __future__ import annotations

import datetime as dt

from clawforge.secret import Secret
from clawforge_cli.agent.store import AgentState

ROTATE_AFTER = dt.timedelta(days=30)
ENDED_CODES = frozenset({"instance-revoked", "enrolment-rejected", "enrolment-expired"})
"""Refusals by which the control plane says that this machine is out: from then on it denies, whatever it holds."""
PENDING_CODE = "enrolment-pending"
"""The refusal by which the control plane says that somebody has to let this machine in first."""


def candidates(state: AgentState) -> tuple[Secret, ...]:
    """What to show, in this order, until one is taken: the next credential if there is one, then the present one."""
    both = (state.next_credential, state.credential)
    return tuple(Secret(text) for text in both if text is not None)


def is_due(state: AgentState, now: dt.datetime) -> bool:
    """Whether to ask for a new credential. One that seems to come from the future was dated by a wrong clock."""
    if state.next_credential is not None or state.credential_since is None:
        return False
    return not dt.timedelta() <= now - state.credential_since < ROTATE_AFTER


def offered(state: AgentState, credential: str) -> AgentState:
    """With the next credential; it has to be durable before it is shown for the first time."""
    return state.model_copy(update={"next_credential": credential})


def accepted(state: AgentState, shown: Secret, now: dt.datetime) -> AgentState:
    """After the control plane took one of the candidates. The next one replaces the present one then; if it was the
    present one that was taken, the next one was refused before and is dead."""
    if state.next_credential is not None and shown == Secret(state.next_credential):
        changes = {"credential": state.next_credential, "credential_since": now}
    else:
        changes = {"credential_since": state.credential_since or now}
    return state.model_copy(update={**changes, "next_credential": None})
