"""One machine for people: everything that is known of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from clawforge.fleet_status import is_crash_loop
from clawforge.resource.meta import format_instant
from clawforge_cli.views.human_fleet import OLD_PLUGIN, enforcement, quarantine_cause
from clawforge_cli.views.terminal import Printer, safe

if TYPE_CHECKING:
    from clawforge.ledger.record import AuditEvent
    from clawforge.wire_enrollment import InstanceDetail, InstanceView
    from clawforge.wire_versions import VersionMiss

_SHORT_DIGEST = 19
_WIDTH = 12
_DAY = 86_400


def show_instance(found: InstanceDetail, now: dt.datetime, printer: Printer) -> None:
    """Who it is, what it enforces, its versions, and what happened to it last."""
    item = found.instance
    printer.line(("bold", safe(item.instance)), f" of {safe(item.user)}, {item.state}")
    _line(printer, "machine", f"{safe(item.hostname) or 'unnamed'}, {safe(item.host)}")
    for what, values in (("groups", item.groups), ("tags", _pairs(item.tags))):
        if values:
            _line(printer, what, safe(", ".join(values)))
    _line(printer, "seen", _seen(item))
    if item.protocol == "plugin":
        _line(printer, "protocol", OLD_PLUGIN)
    else:
        _line(printer, "enforces", _enforces(found))
    if found.wanted is not None and item.protocol == "agent" and item.enforces != "in-force":
        _line(printer, "should", f"revision {found.wanted_revision}, {safe(found.wanted[:_SHORT_DIGEST])}")
    _line(printer, "versions", safe(", ".join(_pairs(item.versions))) or "none reported")
    for miss in found.misses:
        printer.paragraph(_miss(miss), first=(" " * _WIDTH,), hang=_WIDTH + 2)
    for what, text in _health(item, now):
        _line(printer, what, text)
    for held in item.quarantine:
        why = f"since {_second(held.at)} {quarantine_cause(held)}: {safe(held.why)}"
        printer.paragraph(why, first=(f"{'quarantine':<{_WIDTH}}",))
    _line(printer, "joined", _joined(item))
    if item.credential_since is not None:
        _line(printer, "credential", f"{_age(now - item.credential_since)} old")
    if item.reason is not None:
        _line(printer, "reason", safe(item.reason))
    _line(printer, "events", f"{found.events:,} uploaded")
    for number, event in enumerate(found.log):
        _line(printer, "" if number else "log", _event(event))


def _line(printer: Printer, what: str, text: str) -> None:
    printer.paragraph(text, first=(f"{what:<{_WIDTH}}",))


def _seen(item: InstanceView) -> str:
    if item.last_seen is None:
        return "never"
    return f"{_second(item.last_seen)}{f', {item.status}' if item.status is not None else ''}"


def _enforces(found: InstanceDetail) -> str:
    item = found.instance
    if item.acknowledged is None:
        return "nothing yet"
    since = f" since {_second(found.acknowledged_since)}" if found.acknowledged_since is not None else ""
    words = enforcement(item).removeprefix("enforces").strip()
    return f"{words} {safe(item.acknowledged[:_SHORT_DIGEST])}{since}".strip()


def _health(item: InstanceView, now: dt.datetime) -> Iterator[tuple[str, str]]:
    """What its heartbeats said of its host, as far as they did."""
    if item.started_at is not None:
        yield "runs", f"since {_second(item.started_at)}, {_age(now - item.started_at)}"
    if item.last_exit is not None:
        yield "last exit", safe(item.last_exit)
    if item.crashes:
        loop = ": a crash loop" if is_crash_loop(item.crashes, item.status) else ""
        yield "crashes", f"{item.crashes:,} within an hour{loop}"
    if item.channels:
        yield "channels", safe(", ".join(_pairs(item.channels)))


def _miss(miss: VersionMiss) -> str:
    until = f", blocked from {_second(miss.until)}" if miss.until is not None else ""
    return f"{miss.component} {miss.state}{until} by {safe(miss.resource)}: {safe(miss.remedy)}"


def _joined(item: InstanceView) -> str:
    approved = f", approved by {safe(item.approved_by)}" if item.approved_by is not None else ""
    return f"{_second(item.enrolled_at)}{approved}"


def _event(event: AuditEvent) -> str:
    outcome = "" if event.outcome == "done" else f" {safe(event.outcome)}"
    return f"{_second(event.at)} {safe(event.action)}{outcome} by {safe(event.actor)}"


def _age(age: dt.timedelta) -> str:
    days, seconds = divmod(max(0, int(age.total_seconds())), _DAY)
    if days:
        return "1 day" if days == 1 else f"{days} days"
    return f"{seconds // 3600} h" if seconds >= 3600 else f"{seconds // 60} min"


def _pairs(mapping: dict[str, str]) -> tuple[str, ...]:
    return tuple(f"{key}={value}" for key, value in sorted(mapping.items()))


def _second(moment: dt.datetime) -> str:
    return format_instant(moment.replace(microsecond=0))
