"""Fetches what the org has to say to the person at this machine, keeps it, and only then says so."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from clawforge.errors import ClawforgeError
from clawforge.resource.meta import format_instant
from clawforge.secret import Secret
from clawforge_cli.agent.inbox import MOST_KEPT, Inbox, new_messages
from clawforge_cli.agent.store import AgentState
from clawforge_cli.agent.transport import AgentTransport


class Messenger:
    """Nothing that the agent decides depends on it."""

    def __init__(self, transport: AgentTransport, inbox: Inbox, report: Callable[[str], None]) -> None:
        self._transport = transport
        self._inbox = inbox
        self._report = report

    def hear(self, state: AgentState, credential: Secret, newest: int, write: Callable[[AgentState], None]) -> None:
        """Fetch if a message of number `newest` waits, 0 for none. Call it after a poll that succeeded; what fails is
        tried again after the next one. A message is durable before the control plane is told that it arrived."""
        kept = self._inbox.kept
        with contextlib.suppress(ClawforgeError):
            if state.inbox != kept:
                # First of all: what was shown stays shown, whatever becomes of what waits.
                state = state.model_copy(update={"inbox": kept})
                write(state)
            if not newest:
                return
            envelopes = self._transport.fetch_messages(credential, noted=state.newest_message)
            fresh = new_messages(state.trust, envelopes, state.newest_message, self._report)
            if fresh:
                after = {"inbox": (*kept, *fresh)[-MOST_KEPT:], "newest_message": fresh[-1].number}
                write(state.model_copy(update=after))
                self._inbox.put(fresh)
                for message in fresh:
                    self._report(f"Message from {message.by} at {format_instant(message.at)}: {message.text}")
                self._transport.fetch_messages(credential, noted=fresh[-1].number)
