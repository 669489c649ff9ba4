"""Keeps the policy fresh: asks, verifies, stores, and only then puts in force. Silence and refusals change nothing."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable

from clawforge.bundle import strictest_offline
from clawforge.errors import ClawforgeError, ForbiddenError, UnauthenticatedError, UnavailableError, UntrustedError
from clawforge.secret import Secret
from clawforge.trust import REFETCH_CODES, Answer, Held, TrustState, accept_answer, held, pass_time, witness
from clawforge_cli.agent.clock import Clock, monotonic_seconds
from clawforge_cli.agent.credential import ENDED_CODES, PENDING_CODE, accepted, candidates, is_due, offered
from clawforge_cli.agent.messenger import Messenger
from clawforge_cli.agent.service import AgentService
from clawforge_cli.agent.store import AgentState, Store
from clawforge_cli.agent.transport import AgentTransport
from clawforge_cli.agent.version_notice import VersionNotice
from clawforge_cli.agent.version_watch import out_of_range_since

SHORTEST_INTERVAL = 0.5
LONGEST_INTERVAL = 30.0
_LONGEST_RETRY_AFTER = 120.0
_ROTATION_PAUSE = 600.0


def poll_interval(holding: Held | None) -> float:
    """Seconds between polls: a third of the time after which silence would cost something, within bounds."""
    if holding is None:
        return SHORTEST_INTERVAL
    offline = strictest_offline(holding.bundle)
    return max(SHORTEST_INTERVAL, min(LONGEST_INTERVAL, offline.lease / 3, offline.max_stale / 3))


def _is_fresh(before: TrustState, after: TrustState) -> bool:
    """Whether the lease of an answer was issued after everything that was seen before."""
    if after.seen is None or before.seen is None:
        return after.seen is not None
    return after.seen.issued_at > before.seen.issued_at


def random_fraction() -> float:
    """A number in [0, 1)."""
    return secrets.randbelow(1 << 20) / (1 << 20)


class Poller:
    """Polls for one instance. Not thread-safe: one thread runs it."""

    def __init__(
        self,
        state: AgentState,
        *,
        store: Store,
        transport: AgentTransport,
        service: AgentService,
        clock: Clock,
        report: Callable[[str], None],
        jitter: Callable[[], float] = random_fraction,
        monotonic: Callable[[], float] = monotonic_seconds,
        notice: VersionNotice | None = None,
        gate: threading.Lock | None = None,
        messenger: Messenger | None = None,
    ) -> None:
        self._state = state
        self._store = store
        self._transport = transport
        self._service = service
        self._clock = clock
        self._report = report
        self._jitter = jitter
        self._monotonic = monotonic
        self._notice = notice
        self._gate = gate or threading.Lock()
        self._messenger = messenger
        self._holding: Held | None = None
        # What was verified last. It counts also while it cannot be written: nothing older is believed any more.
        self._verified: TrustState | None = None
        self._failures = 0
        self._complaint = ""
        self._announced: tuple[int, str] | None = None
        self._remembered = clock.now()
        self._rotate_from = 0.0

    def settled_credential(self) -> Secret | None:
        """The credential for other requests than polls; None while a new one takes its place. May be called from any
        thread that holds the gate, and counts for as long as it does."""
        return None if self._state.next_credential is not None else Secret(self._state.credential)

    def load(self) -> None:
        """Put in force what the state holds, verified again; if it does not hold together, nothing."""
        try:
            self._holding = held(self._state.trust)
        except UntrustedError as error:
            self._report(
                f"The stored policy is not used: {error.message} Every call is denied until a new one arrives."
            )
            self._service.adopt_nothing(f"The stored policy cannot be trusted: {error.message}")
            return
        if self._holding is not None:
            try:
                self._remember(self._state.trust, self._holding, ended=self._state.ended)
            except UnavailableError as error:
                self._report(error.message)
            self._service.adopt(self._holding)
            self._announce(self._holding)
        if self._state.ended is not None:
            self._service.adopt_nothing(self._state.ended)

    def run(self, stop: threading.Event) -> None:
        """Poll until told to stop."""
        while not stop.wait(self.poll_once()):
            pass
        self.finish()

    def poll_once(self) -> float:
        """Ask once; seconds to wait before the next time.

        The server is asked to hold its answer back until something changes, so that changes arrive at once; a server
        that answers earlier is asked again at the same pace. After any news, a new policy or a kill, it is asked again
        without delay.
        """
        began, before = self._monotonic(), self._holding
        try:
            answer = self._ask(before.digest if before is not None else None, patient=self._failures == 0)
            try:
                self._take(answer)
            except UntrustedError as error:
                if answer.bundle is not None or error.code not in REFETCH_CODES:
                    raise
                self._take(self._ask(None, patient=False))
            if self._messenger is not None:
                self._messenger.hear(self._state, candidates(self._state)[0], answer.message, self._write)
            if self._notice is not None:
                self._notice.tell(candidates(self._state)[0])
        except ClawforgeError as error:
            return self._failed(error)
        except Exception as error:  # a defect here must not end polling; what is in force expires by itself
            return self._failed(UnavailableError(f"The poll failed: {type(error).__name__}: {error}"))
        if self._complaint:
            self._report("The control plane answers again.")
        self._complaint, self._failures = "", 0
        if self._rotate():
            return SHORTEST_INTERVAL
        if before is None or self._holding is None or before.lease.serial != self._holding.lease.serial:
            # Between two polls nothing is heard, and where something just changed more may follow.
            return SHORTEST_INTERVAL
        pause = poll_interval(self._holding) * (0.9 + 0.1 * self._jitter())
        return max(SHORTEST_INTERVAL, pause - (self._monotonic() - began))

    def _ask(self, digest: str | None, *, patient: bool) -> Answer:
        enforcing = self._holding.digest if self._holding is not None else None
        patient = patient and digest is not None and self._state.next_credential is None
        wait = int(poll_interval(self._holding)) if patient else 0
        first, *others = candidates(self._state)
        try:
            return self._poll(first, digest, enforcing, wait)
        except UnauthenticatedError:
            if not others:
                raise
        return self._poll(others[0], digest, enforcing, wait)

    def _poll(self, credential: Secret, digest: str | None, enforcing: str | None, wait: int) -> Answer:
        seen = self._state.trust.seen
        answer = self._transport.poll(
            credential, held=digest, enforcing=enforcing, seen=None if seen is None else seen.serial, wait=wait
        )
        state = accepted(self._state, credential, self._clock.now())
        if state != self._state:
            # A full disk must not keep news from arriving; until this is written both credentials are kept.
            with contextlib.suppress(UnavailableError):
                self._write(state)
        return answer

    def _rotate(self) -> bool:
        """Get a new credential if it is time for one. It is used at the next poll, and counts from then on."""
        if not is_due(self._state, self._clock.now()) or self._monotonic() < self._rotate_from:
            return False
        if not self._gate.acquire(blocking=False):
            # The present one is in use elsewhere, and must not be seen again once the new one was.
            return False
        self._rotate_from = self._monotonic() + _ROTATION_PAUSE
        try:
            answer = self._transport.rotate(Secret(self._state.credential))
            self._write(offered(self._state, answer.credential))
        except ClawforgeError as error:
            self._report(f"This machine's credential was not replaced by a new one: {error.message}")
            return False
        finally:
            self._gate.release()
        return True

    def _take(self, answer: Answer) -> None:
        before = self._believed()
        try:
            trust = accept_answer(before, answer, self._clock.now())
        except UntrustedError:
            self._take_witness(answer)
            raise
        if self._state.ended is not None and not _is_fresh(before, trust):
            raise UntrustedError("The answer was given before this machine was put out.", code="stale-answer")
        holding = held(trust)
        if holding is None:
            raise UntrustedError("The answer brought nothing into force.", code="nothing-held")
        self._clock.learn(holding.lease.issued_at)
        trust = pass_time(trust, holding, self._clock.now())
        # A kill counts even if the disk is full; everything else is believed only once it is durable.
        self._verified = trust
        self._service.adopt_kill(holding.kill)
        self._remember(trust, holding, ended=None)
        self._holding = holding
        self._service.adopt(holding)
        self._announce(holding)

    def _take_witness(self, answer: Answer) -> None:
        """Of a refused answer, keep a verified newer lease: its kills and counters count without its bundle."""
        try:
            trust = witness(self._believed(), answer, self._clock.now())
        except UntrustedError:
            return  # the caller reports why the answer as a whole was refused
        if trust != self._state.trust and trust.seen is not None:
            self._clock.learn(trust.seen.issued_at)
            self._verified = trust
            self._service.adopt_kill(trust.seen.kill)
            self._remember(trust, self._holding, ended=self._state.ended)

    def _believed(self) -> TrustState:
        """What is stored, with the newest counters and kills that were verified."""
        stored, newest = self._state.trust, self._verified
        if newest is None:
            return stored
        return stored.model_copy(
            update={"keys": newest.keys, "seen": newest.seen, "high_water": max(stored.high_water, newest.high_water)}
        )

    def _remember(self, trust: TrustState, holding: Held | None, *, ended: str | None) -> None:
        """Write down what is believed. Raises UnavailableError if that fails; what was written before then stands."""
        since = self._state.out_of_range_since
        if holding is not None:
            since = out_of_range_since(holding.bundle, self._service.facts, since, self._clock.decision_time())
            self._service.learn_facts(self._service.facts.model_copy(update={"out_of_range_since": since}))
        state = self._state.model_copy(update={"trust": trust, "out_of_range_since": since, "ended": ended})
        if state == self._state:
            return
        self._write(state)
        self._remembered = self._clock.now()

    def _write(self, state: AgentState) -> None:
        try:
            self._store.write(state)
        except OSError as error:
            raise UnavailableError(
                f"The agent's state cannot be stored in {self._store.path}: {error.strerror}.", code="state-not-written"
            ) from error
        self._state = state

    def _failed(self, error: ClawforgeError) -> float:
        message = error.message
        if isinstance(error, UnauthenticatedError) and error.code in ENDED_CODES:
            message = f"{error.message} Every call is denied. {error.hint}"
            self._end(message)
        elif isinstance(error, ForbiddenError) and error.code == PENDING_CODE:
            message = f"{error.message} Every call is denied until then."
            self._service.adopt_nothing(message)
        elif isinstance(error, UnauthenticatedError):
            message = (
                "The control plane no longer accepts this machine's credential; the last good policy holds until it "
                "expires. Enrol again with a new token in a new state directory if this was not on purpose."
            )
        if message != self._complaint:
            self._report(message)
            self._complaint = message
        self._let_time_pass()
        if self._state.ended is not None:
            return LONGEST_INTERVAL
        pause = SHORTEST_INTERVAL * float(2 ** min(self._failures, 10))
        self._failures += 1
        asked = error.retry_after if isinstance(error, UnavailableError) else 0.0
        return max(min(pause, LONGEST_INTERVAL) * (0.5 + 0.5 * self._jitter()), min(asked, _LONGEST_RETRY_AFTER))

    def _end(self, why: str) -> None:
        """Deny from now on, and after every start, until the control plane takes the credential again."""
        self._service.adopt_nothing(why)
        if self._state.ended != why:
            try:
                self._write(self._state.model_copy(update={"ended": why}))
            except UnavailableError as error:
                self._report(error.message)

    def _let_time_pass(self) -> None:
        """While offline, write down now and then that time passed."""
        elapsed = (self._clock.now() - self._remembered).total_seconds()
        if elapsed >= poll_interval(self._holding):
            self.finish()

    def finish(self) -> None:
        """Write down that time passed, so that the next start begins no earlier."""
        if self._holding is None:
            return
        now = self._clock.now()
        try:
            self._remember(pass_time(self._believed(), self._holding, now), self._holding, ended=self._state.ended)
        except UnavailableError as error:
            self._report(error.message)
        self._remembered = now

    def _announce(self, holding: Held) -> None:
        current = (holding.bundle.revision, holding.digest)
        if current != self._announced:
            bundle = holding.bundle
            self._report(f"Enforcing revision {bundle.revision} for {bundle.user} (instance {bundle.instance})")
            self._announced = current
