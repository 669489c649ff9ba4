"""A whole reconciler: every source of a configuration with its loop, and what they share."""

from __future__ import annotations

import datetime as dt
import random
import secrets
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.reconcile.conditions import Conditions
from clawforge.reconcile.listen_settings import ListenAddress
from clawforge.wire_reconcile import LeaseRequest
from clawforge_cli.gitops.checked_commit import Expected
from clawforge_cli.gitops.cycle import Cycle, CycleSettings, Step
from clawforge_cli.gitops.delivery_log import delivery_folder
from clawforge_cli.gitops.lease_keeper import LeaseKeeper
from clawforge_cli.gitops.listener import Health, Listener, ReadyHook
from clawforge_cli.gitops.metrics import Metrics
from clawforge_cli.gitops.mirror_source import MirrorSource
from clawforge_cli.gitops.news import News
from clawforge_cli.gitops.notifier import Notifier
from clawforge_cli.gitops.reconciler_plane import ReconcilerPlane
from clawforge_cli.gitops.source_loop import SourceLoop, StoppedError
from clawforge_cli.secret_reading import read_secret
from clawforge_cli.settings import Connection, checked_server, connection

if TYPE_CHECKING:
    from clawforge.load.reconciler_file import ReconcilerFile, SourceSettings
    from clawforge_cli.manifest_memory import ManifestMemory


@dataclass(slots=True)
class Reconciler:
    """`directory` is where relative paths of the configuration start. `on_step` is told of every step that begins."""

    file: ReconcilerFile
    directory: Path
    say: Callable[[str], None]
    on_step: Callable[[str, Step], None] = lambda _name, _step: None
    stop: threading.Event = field(default_factory=threading.Event)
    metrics: Metrics = field(default_factory=Metrics)
    holder: str = field(default_factory=lambda: secrets.token_urlsafe(18))

    @property
    def state(self) -> Path:
        """The folder for mirrors."""
        return self.directory / self.file.state

    def source_of(self, settings: SourceSettings) -> MirrorSource:
        """The branch of a source. Raises FetchError."""
        folder = str(self.directory.absolute())
        return MirrorSource.open(self.state, settings.repository.under(folder), settings.trust.under(folder))

    def plane_of(self, settings: SourceSettings) -> ReconcilerPlane:
        """The control plane of a source."""
        repository = settings.repository
        place = LeaseRequest(
            holder=self.holder,
            source=settings.scope,
            repository=repository.url,
            branch=repository.branch,
            path=repository.path,
        )
        return ReconcilerPlane(lambda: self._connection(settings), settings.org, settings.name, place)

    def cycle_settings(self, settings: SourceSettings) -> CycleSettings:
        """What one cycle has to know."""
        path = "" if settings.repository.path == "." else settings.repository.path
        expected = Expected(settings.org, settings.scope, settings.environment, path)
        branch = settings.repository.branch
        return CycleSettings(settings.name, branch, expected, settings.prune, settings.sync_windows)

    @contextmanager
    def loops(self) -> Iterator[tuple[SourceLoop, ...]]:
        """A loop for each source, not yet running. Raises InputError and FetchError for what cannot begin."""
        with ExitStack() as stack:
            yield tuple(self._loop(settings, stack) for settings in self.file.sources)

    def run(self) -> None:
        """Until SIGTERM or SIGINT: finish the present step, and give the leases back."""
        with self.loops() as loops, ExitStack() as stack:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self._end(loops))
            if self.file.listen is not None:
                where = stack.enter_context(self._listener(loops)).address
                self.say(f"Listening at {where}.")
            threads = [threading.Thread(target=loop.run, name=loop.name) for loop in loops]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _end(self, loops: tuple[SourceLoop, ...]) -> None:
        self.stop.set()
        for loop in loops:
            loop.wake.set()

    @contextmanager
    def _listener(self, loops: tuple[SourceLoop, ...]) -> Iterator[_Listening]:
        by_name = {loop.name: loop for loop in loops}
        hooks = {
            item.name: ReadyHook(
                item.webhook.provider, read_secret(item.webhook.secret, self.directory), item.repository.branch
            )
            for item in self.file.sources
            if item.webhook is not None
        }

        def health() -> Health:
            bad = tuple(f"{loop.name}: {loop.state}" for loop in loops if not loop.healthy)
            return Health(ready=not bad, lines=bad)

        listener = Listener(
            ListenAddress.parse(self.file.listen or ""),
            hooks=hooks,
            on_push=lambda name: by_name[name].wake.set(),
            metrics=self.metrics,
            health=health,
        )
        address = listener.start()
        try:
            yield _Listening(address)
        finally:
            listener.close()

    def _loop(self, settings: SourceSettings, stack: ExitStack) -> SourceLoop:
        plane, wake = self.plane_of(settings), threading.Event()
        state = delivery_folder(self.state, settings.name)
        teller = stack.enter_context(
            Notifier(settings.notify, directory=self.directory, state=state, metrics=self.metrics)
        )

        def begin(step: Step) -> None:
            if self.stop.is_set():
                raise StoppedError
            self.on_step(settings.name, step)

        cycle = Cycle(
            self.cycle_settings(settings),
            self.source_of(settings),
            plane,
            _now,
            begin,
            Conditions.unknown(_now()),
            self._memory(settings),
        )
        return SourceLoop(
            name=settings.name,
            interval=settings.interval,
            cycle=cycle,
            keeper=LeaseKeeper(plane.hold, plane.release, wake.set),
            plane=plane,
            news=News(settings.org, settings.name, self.file.server.rstrip("/")),
            teller=teller,
            metrics=self.metrics,
            say=self.say,
            fraction=random.random,
            stop=self.stop,
            wake=wake,
        )

    def _memory(self, settings: SourceSettings) -> ManifestMemory | None:
        from clawforge_cli.build_id import present_build
        from clawforge_cli.cache import Cache
        from clawforge_cli.manifest_memory import LIMITS, ManifestMemory

        build = present_build()
        if build is None:
            return None
        place = self.state / "manifests"
        return ManifestMemory(Cache(place, LIMITS), build, self.state / settings.org / settings.name)

    def _connection(self, settings: SourceSettings) -> Connection:
        token = settings.token or self.file.token
        if token is None:
            return connection(self.file.server, org=settings.org)
        return Connection(checked_server(self.file.server), read_secret(token, self.directory))


@dataclass(frozen=True, slots=True)
class _Listening:
    address: ListenAddress


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
