"""The reconciler's small HTTP listener: webhooks in, health and metrics out."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType

from clawforge.reconcile.hook_settings import HookProvider
from clawforge.reconcile.listen_settings import ListenAddress
from clawforge.secret import Secret
from clawforge_cli.gitops.metrics import Metrics


@dataclass(frozen=True, slots=True)
class ReadyHook:
    """A source's webhook with its secret at hand, and the branch that the source follows."""

    provider: HookProvider
    secret: Secret
    branch: str


@dataclass(frozen=True, slots=True)
class Health:
    """Whether every source is as it should be, and a line about each one that is not."""

    ready: bool
    lines: tuple[str, ...] = ()


class Listener:
    """Serves in a thread of its own from `start` to `close`. `hooks` are by name of the source. `on_push` gets that
    name, in the listener's thread: it must return at once and raise nothing. Nothing else of a webhook is handed on.
    """

    def __init__(
        self,
        address: ListenAddress,
        *,
        hooks: Mapping[str, ReadyHook],
        on_push: Callable[[str], None],
        metrics: Metrics,
        health: Callable[[], Health],
        clock: Callable[[], float] = time.time,
    ) -> None:
        raise NotImplementedError

    def start(self) -> ListenAddress:
        """Begin; the answer is the address with the port that was chosen. Raises InputError if it cannot be had."""
        raise NotImplementedError

    def close(self) -> None:
        """Stop, and hang up on everybody."""
        raise NotImplementedError

    def __enter__(self) -> Listener:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()
