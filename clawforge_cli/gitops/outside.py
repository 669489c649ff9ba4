"""What a reconciler hears and says beside its control plane: the listener, and the notifiers of all its sources."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from clawforge.errors import InputError
from clawforge.load.reconciler_file import SourceSettings
from clawforge.reconcile.listen_settings import ListenAddress
from clawforge.reconcile.notice import Notice
from clawforge_cli.gitops.listener import Health, Listener, ReadyHook
from clawforge_cli.gitops.metrics import Metrics
from clawforge_cli.gitops.notifier import Notifier
from clawforge_cli.secret_reading import read_secret


class Outside:
    """Between `with` and its end, webhooks wake sources and notices go out. `directory` is where relative paths of the
    configuration start, `state` where the delivery log is kept. Secrets are read at once: raises InputError, also for a
    webhook without anything that would listen for it.
    """

    def __init__(
        self,
        sources: Sequence[SourceSettings],
        *,
        listen: str | None,
        directory: Path,
        state: Path,
        on_push: Callable[[str], None],
        health: Callable[[], Health],
    ) -> None:
        self.metrics = Metrics()
        self.address: ListenAddress | None = None
        self._listener = self._made_listener(sources, listen, directory, on_push, health)
        self._notifiers = {
            source.name: Notifier(source.notify, directory=directory, state=state, metrics=self.metrics)
            for source in sources
        }
        self._stack = ExitStack()

    def tell(self, notice: Notice) -> None:
        """Pass a notice on to whom its source names. Never waits and never raises."""
        notifier = self._notifiers.get(notice.source)
        if notifier is not None:
            notifier.tell(notice)

    def __enter__(self) -> Outside:
        for notifier in self._notifiers.values():
            self._stack.enter_context(notifier)
        if self._listener is not None:
            self.address = self._listener.start()
            self._stack.callback(self._listener.close)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _made_listener(
        self,
        sources: Sequence[SourceSettings],
        listen: str | None,
        directory: Path,
        on_push: Callable[[str], None],
        health: Callable[[], Health],
    ) -> Listener | None:
        hooks = {
            source.name: ReadyHook(
                source.webhook.provider, read_secret(source.webhook.secret, directory), source.repository.branch
            )
            for source in sources
            if source.webhook is not None
        }
        if listen is None:
            if hooks:
                raise InputError(
                    f"The source {next(iter(hooks))} has a webhook, but nothing listens for it.",
                    hint="Add `listen: 127.0.0.1:8090` to the configuration.",
                )
            return None
        address = ListenAddress.parse(listen)
        return Listener(address, hooks=hooks, on_push=on_push, metrics=self.metrics, health=health)
