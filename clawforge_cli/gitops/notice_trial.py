"""Trying one way of a reconciler's configuration, and reading its delivery log."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

from clawforge.errors import InputError
from clawforge.load.reconciler_file import ReconcilerFile, SourceSettings
from clawforge.reconcile.notice import Notice, NoticeKind, NoticeSeverity
from clawforge.reconcile.notify_settings import CommitStatusRoute, Route
from clawforge.spelling import nearest
from clawforge_cli.gitops.delivery_log import Delivery, DeliveryLog, delivery_folder
from clawforge_cli.gitops.metrics import Metrics
from clawforge_cli.gitops.notifier import Notifier, new_identity
from clawforge_cli.gitops.route_worker import Patience

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SECONDS = 30.0


def try_route(
    config: ReconcilerFile, directory: Path, name: str, *, source: str | None = None, commit: str | None = None
) -> Delivery:
    """Send a trial that way, once, and say what became of it; the log says so too. Raises InputError."""
    settings, route = _route(config, name, source)
    if isinstance(route, CommitStatusRoute) and commit is None:
        raise InputError(f"The route {name} sets the status of a commit.", hint="Name one with --commit.")
    if commit is not None and not _COMMIT.fullmatch(commit):
        raise InputError(f"{commit!r} is not the whole id of a commit.", hint="Print it with `git rev-parse HEAD`.")
    notice = Notice(
        kind=NoticeKind.TEST,
        severity=NoticeSeverity.INFO,
        org=settings.org,
        source=settings.name,
        at=dt.datetime.now(dt.UTC),
        title="A trial of clawforge: notices arrive here",
        text="Somebody ran `clawforge notify test`. Nothing happened, and nothing is to be done.",
        commit=commit,
    )
    state = delivery_folder(directory / config.state, settings.name)
    identity = new_identity()
    once = Patience(attempts=1)
    notifier = Notifier(
        (route,), directory=directory, state=state, metrics=Metrics(), patience=once, identities=lambda: identity
    )
    notifier.tell(notice)
    notifier.close(_SECONDS)
    found = next((item for item in DeliveryLog(state).read(1_000) if item.id == identity), None)
    if found is None:
        raise InputError(f"What became of the trial is not known: the log in {state} cannot be written.")
    return found


def logged(config: ReconcilerFile, directory: Path, *, source: str | None, most: int) -> tuple[Delivery, ...]:
    """The latest deliveries, of one source if it is named, the newest last. Raises InputError."""
    sources = config.sources if source is None else (_source(config, source),)
    state = directory / config.state
    found = [item for each in sources for item in DeliveryLog(delivery_folder(state, each.name)).read(most)]
    return tuple(sorted(found, key=lambda item: item.at)[-most:])


def _source(config: ReconcilerFile, name: str) -> SourceSettings:
    found = next((item for item in config.sources if item.name == name), None)
    if found is None:
        names = [item.name for item in config.sources]
        guess = nearest(name, names)
        hint = f"Did you mean {guess}?" if guess else f"There is {', '.join(names[:10])}."
        raise InputError(f"There is no source {name!r} in the configuration.", hint=hint)
    return found


def _route(config: ReconcilerFile, name: str, source: str | None) -> tuple[SourceSettings, Route]:
    sources = config.sources if source is None else (_source(config, source),)
    found = [(settings, route) for settings in sources for route in settings.notify if route.name == name]
    if len(found) > 1:
        several = ", ".join(settings.name for settings, _ in found)
        raise InputError(f"Several sources have a route {name}: {several}.", hint="Choose one with --source.")
    if not found:
        names = list(dict.fromkeys(route.name for settings in sources for route in settings.notify))
        guess = nearest(name, names)
        said = f"There is {', '.join(names[:10])}." if names else "It names none below `notify`."
        raise InputError(
            f"There is no route {name!r} in the configuration.", hint=f"Did you mean {guess}?" if guess else said
        )
    return found[0]
