"""Judging one webhook: what is answered, and whether a source is woken."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from clawforge.errors import InputError, UnauthenticatedError
from clawforge.reconcile.hook_settings import HookProvider
from clawforge.secret import Secret
from clawforge.webhook.genuine import signed_push
from clawforge.webhook.pace import Pace
from clawforge.webhook.push import HookEvent
from clawforge.webhook.replay import Replays
from clawforge_cli.gitops.metrics import Metrics

RETRY_SECONDS = 60
"""How long a sender who is too fast is asked to wait."""

_WAKES_AT_ONCE, _WAKES_A_SECOND = 30, 0.5
_FAILURES_AT_ONCE, _FAILURES_A_SECOND = 20, 0.2


@dataclass(frozen=True, slots=True)
class ReadyHook:
    """A source's webhook with its secret at hand, and the branch that the source follows."""

    provider: HookProvider
    secret: Secret
    branch: str


class Reply(NamedTuple):
    """A status of HTTP, and a line for whoever looks at the forge's list of deliveries."""

    status: int
    line: str


class HookDesk:
    """Judges webhooks for a listener, in its thread. `on_push` gets the name of the source that should look."""

    def __init__(
        self,
        hooks: Mapping[str, ReadyHook],
        on_push: Callable[[str], None],
        metrics: Metrics,
        clock: Callable[[], float],
    ) -> None:
        self._hooks = dict(hooks)
        self._on_push = on_push
        self._metrics = metrics
        self._clock = clock
        self._replays = {name: Replays() for name in hooks}
        self._wakes = Pace(_WAKES_AT_ONCE, _WAKES_A_SECOND)
        self._failures = Pace(_FAILURES_AT_ONCE, _FAILURES_A_SECOND)
        # Stands in for a name that there is not, so that its absence takes no less time.
        self._nobody = ReadyHook(HookProvider.GITHUB, Secret(secrets.token_urlsafe(32)), "")

    def may_speak(self, peer: str) -> bool:
        """Whether this address has not failed too often of late; asked before its webhook is read."""
        return self._failures.may(peer, self._clock())

    def judge(self, name: str, peer: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """The answer to a webhook for the source of that name, from that address. Wakes the source if it should."""
        hook = self._hooks.get(name, self._nobody)
        now = self._clock()
        try:
            push = signed_push(hook.provider, headers, body, hook.secret, now)
        except UnauthenticatedError:
            self._failures.count(peer, now)
            return self._counted(name, "refused", 401, "not signed with the secret of this source")
        except InputError as error:
            return self._counted(name, "unusable", 400, f"{error.message} {error.hint}".strip())
        if push.event is HookEvent.PING:
            return self._counted(name, "ping", 200, "here I am")
        if not push.wakes(hook.branch):
            return self._counted(name, "ignored", 200, "nothing to do: no push to the branch of this source")
        if not self._wakes.may(name, now):
            return self._counted(name, "too-many", 429, "too many pushes at once: the source is looked at anyway")
        if not self._replays[name].is_new(push.delivery, now):
            return self._counted(name, "repeated", 200, "nothing to do: this webhook was here before")
        self._wakes.count(name, now)
        self._on_push(name)
        return self._counted(name, "woke", 202, "the source is looked at")

    def _counted(self, name: str, result: str, status: int, line: str) -> Reply:
        if name not in self._hooks:
            self._metrics.add("clawforge_hooks_total", source="", result="unknown")
            return Reply(404, "there is no source of this name with a webhook")
        self._metrics.add("clawforge_hooks_total", source=name, result=result)
        return Reply(status, line)
