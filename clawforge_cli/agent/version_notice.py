"""Telling the control plane which versions this machine runs: once a start, for it is a start that changes them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from clawforge.errors import ClawforgeError
from clawforge_cli.agent.clock import monotonic_seconds

if TYPE_CHECKING:
    from clawforge.secret import Secret
    from clawforge_cli.agent.transport import AgentTransport

_PAUSE = 600.0
"""Seconds between two attempts: what the control plane does not take must not keep the agent from polling."""


class VersionNotice:
    """Tells once, and tries again later if that failed. Nothing that the agent decides depends on it."""

    def __init__(
        self,
        transport: AgentTransport,
        versions: Mapping[str, str],
        monotonic: Callable[[], float] = monotonic_seconds,
    ) -> None:
        self._transport = transport
        self._versions = dict(versions)
        self._monotonic = monotonic
        self._not_before: float | None = None
        self._done = False

    def tell(self, credential: Secret) -> None:
        """Tell if it is time to. Call it after a poll that succeeded."""
        now = self._monotonic()
        if self._done or (self._not_before is not None and now < self._not_before):
            return
        self._not_before = now + _PAUSE
        with contextlib.suppress(ClawforgeError):
            self._transport.report_versions(credential, self._versions)
            self._done = True
