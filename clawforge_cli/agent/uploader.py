"""Brings the events of the spool to the control plane: in order, again until they are acknowledged, and in its own
time, so that neither decisions nor polls wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from clawforge.errors import ClawforgeError, InputError, UnavailableError
from clawforge.secret import Secret
from clawforge.wire_audit import MOST_EVENTS, UploadAnswer
from clawforge_cli.agent.spool import Batch, Spool
from clawforge_cli.agent.transport import AgentTransport

PACE = 10.0
"""Seconds between uploads, as long as little waits."""
_TICK = 1.0
_MANY = 2_000
_LONGEST_PAUSE = 300.0
_SHORTEST_PAUSE = 1.0


class Uploader:
    """One thread runs it. `credential` is the settled one of the moment, None while another takes its place; `gate` is
    held while a credential is in use here."""

    def __init__(
        self,
        spool: Spool,
        transport: AgentTransport,
        credential: Callable[[], Secret | None],
        gate: threading.Lock,
        report: Callable[[str], None],
    ) -> None:
        self._spool = spool
        self._transport = transport
        self._credential = credential
        self._gate = gate
        self._report = report
        self._most = MOST_EVENTS
        self._failures = 0
        self._complaint = ""

    def run(self, stop: threading.Event) -> None:
        """Until told to stop: make events durable every second, and upload them at their pace."""
        left = 0.0
        while not stop.wait(_TICK):
            left -= _TICK
            self._sync()
            if left <= 0 or (self._failures == 0 and self._spool.waiting >= _MANY):
                left = self.upload_once()
        self._sync()

    def upload_once(self) -> float:
        """Send one batch; seconds to wait before the next one. Never raises."""
        try:
            batch = self._spool.batch(self._most)
            if batch.numbers:
                self._send(batch)
        except ClawforgeError as error:
            return self._failed(error)
        except Exception as error:  # a defect here must not end the uploads; the events stay where they are
            return self._failed(UnavailableError(f"{type(error).__name__}: {error}"))
        if self._complaint:
            self._report("Events are uploaded again.")
        self._complaint, self._failures = "", 0
        return PACE if self._spool.waiting < _MANY else 0.0

    def _send(self, batch: Batch) -> None:
        with self._gate:
            credential = self._credential()
            if credential is None:
                return
            try:
                answer = self._transport.upload_events(credential, batch.events)
            except InputError:
                # One event must not hold up the others: fewer at once, until it is alone.
                if len(batch.numbers) > 1:
                    self._most = len(batch.numbers) // 2
                    raise
                self._spool.acknowledge(batch.numbers[0])
                self._report(f"The control plane refuses event {batch.numbers[0]}; it goes unsent.")
                return
        self._most = MOST_EVENTS
        self._settle(batch, answer)

    def _settle(self, batch: Batch, answer: UploadAnswer) -> None:
        taken = batch.numbers[: answer.taken]
        lost = any(item.first <= number <= item.last for item in answer.missing for number in taken)
        if not taken or answer.acknowledged < taken[-1] or lost:
            raise UnavailableError("The control plane did not take the events.", code="unexpected-answer")
        if answer.conflicts:
            # The numbers were used before: this folder was lost, or put back from a copy.
            self._spool.renumber(set(answer.conflicts), answer.acknowledged + 1)
        self._spool.acknowledge(taken[-1])

    def _sync(self) -> None:
        try:
            self._spool.sync()
        except OSError as error:
            self._failed(UnavailableError(f"Events cannot be made durable: {error.strerror}."))

    def _failed(self, error: ClawforgeError) -> float:
        message = f"Events are not uploaded, and stay on this machine: {error.message}"
        if message != self._complaint:
            self._report(message)
            self._complaint = message
        pause = min(_LONGEST_PAUSE, _SHORTEST_PAUSE * float(2 ** min(self._failures, 10)))
        self._failures += 1
        asked = error.retry_after if isinstance(error, UnavailableError) else 0.0
        return max(pause, min(asked, _LONGEST_PAUSE))
