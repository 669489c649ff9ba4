"""The one screen that says whether an org is fine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from clawforge.resource.meta import format_instant
from clawforge_cli.views.human_reconcilers import standing_sentence
from clawforge_cli.views.terminal import Printer, safe

if TYPE_CHECKING:
    from clawforge.attention import Concern
    from clawforge.wire_status import LogState, OrgStatus, PresentRevision

_WIDTH = 11
_SHORT_COMMIT = 12


def show_status(found: OrgStatus, concerns: Sequence[Concern], server: str, printer: Printer) -> None:
    """A line about each part of the org, then what needs somebody."""
    printer.line(("bold", safe(found.org)), f" on {safe(server)}, clawforge {safe(found.version)}")
    fleet, versions = found.fleet, found.versions
    if found.revision is not None:
        _line(printer, "revision", _revision(found.revision))
    kinds = ((fleet.online, "online"), (fleet.stale, "stale"), (fleet.offline, "offline"), (fleet.never, "never seen"))
    _line(printer, "machines", f"{fleet.total:,}{_named(kinds)}")
    able = fleet.total - fleet.quarantined
    _line(printer, "enforcing", f"{fleet.enforcing:,} of {able:,}")
    kinds = ((versions.blocked, "blocked"), (versions.in_grace, "in grace"), (versions.warned, "warned"),
             (versions.unknown, "unknown"))  # fmt: skip
    _line(printer, "versions", f"{versions.ok:,} in range{_named(kinds, sign=', ')}")
    if fleet.crashing:
        _line(printer, "crashing", f"{fleet.crashing:,}")
    if fleet.old_plugins:
        _line(printer, "plugins", f"{fleet.old_plugins:,} of the old protocol: no DLP there, and ask becomes deny")
    stopped = ((fleet.quarantined, "in quarantine"), (found.suspended, "users stopped"))
    _line(printer, "stopped", _named(stopped, sign="") or "nobody")
    for overlay in found.overlays or ():
        until = f" until {_second(overlay.expires_at)}" if overlay.expires_at is not None else ""
        who = f"{safe(overlay.scope)}{until} by {safe(overlay.created_by)}"
        _line(printer, overlay.kind, f"{who}: {safe(overlay.reason)}")
    for reconciler in found.reconcilers or ():
        _line(printer, "reconciler", standing_sentence(reconciler))
    if found.plans is not None:
        _line(printer, "waiting", _waiting(len(found.plans), found.skills or 0, fleet.pending))
    if found.log is not None:
        _line(printer, "log", _log(found.log))
    printer.line()
    if not concerns:
        printer.line(("bold green", "All is well."))
        return
    printer.line(("bold", "Needs somebody:"))
    for concern in concerns:
        printer.paragraph(f"{safe(concern.words)}: `{safe(concern.command)}`", first=("  ",), hang=4)


def _line(printer: Printer, what: str, text: str) -> None:
    printer.paragraph(text, first=(f"{what:<{_WIDTH}}",))


def _named(kinds: Iterable[tuple[int, str]], *, sign: str = ": ") -> str:
    words = ", ".join(f"{count:,} {word}" for count, word in kinds if count)
    return f"{sign}{words}" if words else ""


def _revision(revision: PresentRevision) -> str:
    commit = f", commit {safe(revision.commit[:_SHORT_COMMIT])}" if revision.commit is not None else ""
    return f"{revision.number} by {safe(revision.actor)}, {_second(revision.created_at)}{commit}"


def _waiting(plans: int, skills: int, machines: int) -> str:
    kinds = ((plans, "plans for an approval"), (skills, "skills for a review"), (machines, "machines to be let in"))
    return _named(kinds, sign="") or "nothing"


def _log(log: LogState) -> str:
    records = f"{log.records:,} records"
    if log.checkpoint is None or log.checkpoint_at is None:
        return f"{records}, no checkpoint yet"
    return f"{records}, checkpoint of {log.checkpoint:,} at {_second(log.checkpoint_at)}"


def _second(moment: dt.datetime) -> str:
    return format_instant(moment.replace(microsecond=0))
