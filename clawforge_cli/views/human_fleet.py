"""Machines and enrolment tokens, for people."""

from __future__ import annotations

import datetime as dt

from clawforge.fleet_status import is_crash_loop
from clawforge.resource.meta import format_instant
from clawforge.wire_enrollment import EnrollmentList, EnrollmentView, InstanceList, InstanceView, QuarantineView
from clawforge_cli.views.terminal import Printer, safe

_STYLES = {
    "active": "green",
    "quarantined": "red",
    "pending": "yellow",
    "expired": "dim",
    "rejected": "red",
    "revoked": "red",
}
_NARROWEST_STATE = 8
OLD_PLUGIN = "old plugin: DLP is not enforced there, ask becomes deny, and it does not say what it enforces"
"""What somebody who looks at a machine of the old protocol must know."""


def show_instances(found: InstanceList, printer: Printer, *, wide: bool = False) -> None:
    """One machine a line; `wide` adds a paragraph of what it runs and carries."""
    if not found.instances:
        printer.line("No machines.")
        return
    names = max(len(safe(item.instance)) for item in found.instances)
    users = max(len(safe(item.user)) for item in found.instances)
    states = max(_NARROWEST_STATE, *(len(item.state) for item in found.instances))
    for item in found.instances:
        state = (_STYLES[item.state], f"{item.state:<{states}}")
        line = f"  {safe(item.user):<{users}}  {_seen(item)}"
        printer.line(f"{safe(item.instance):<{names}}  ", state, line)
        if item.reason is not None:
            printer.line(f"  {safe(item.reason)}")
        for held in item.quarantine:
            printer.line(f"  in quarantine since {_second(held.at)} {quarantine_cause(held)}: {safe(held.why)}")
        if wide:
            _show_more(item, printer)


def quarantine_cause(held: QuarantineView) -> str:
    """For which invariant, or by whom and until when."""
    if held.invariant is not None:
        return f"for {safe(held.invariant)}"
    until = "" if held.until is None else f" until {_second(held.until)}"
    return f"by {safe(held.by)}{until}"


def _show_more(item: InstanceView, printer: Printer) -> None:
    for what, values in (("groups", item.groups), ("tags", _pairs(item.tags)), ("versions", _pairs(item.versions))):
        if values:
            printer.line(f"  {what} {safe(', '.join(values))}")
    printer.line(f"  host {safe(item.host)} on {safe(item.hostname) or 'an unnamed machine'}")
    if item.protocol == "plugin":
        printer.line(f"  {OLD_PLUGIN}")
    else:
        printer.line(f"  enforces {safe(item.acknowledged) if item.acknowledged is not None else 'nothing yet'}")
    approved = f", approved by {safe(item.approved_by)}" if item.approved_by is not None else ""
    printer.line(f"  joined {_second(item.enrolled_at)}{approved}")


def _seen(item: InstanceView) -> str:
    if item.state == "pending" and item.pending_until is not None:
        return f"waits until {_second(item.pending_until)}"
    if item.last_seen is None:
        return "never seen"
    words = [f"seen {_second(item.last_seen)}"]
    if item.status is not None:
        words.append(item.status)
    words.append(enforcement(item))
    if item.compliance not in (None, "ok"):
        words.append(f"versions {item.compliance}")
    if is_crash_loop(item.crashes, item.status):
        words.append(f"crash loop, {item.crashes:,} within an hour")
    return ", ".join(words)


def enforcement(item: InstanceView) -> str:
    """What a machine enforces, in words."""
    if item.protocol == "plugin":
        return "old plugin"
    if item.acknowledged is None:
        return "enforces nothing yet"
    if item.enforces == "in-force":
        return f"enforces revision {item.revision}"
    if item.enforces is None:
        return "enforces"
    return f"behind, at revision {item.revision}" if item.revision is not None else "behind"


def show_enrollments(found: EnrollmentList, now: dt.datetime, printer: Printer) -> None:
    """One token a paragraph, oldest first."""
    if not found.enrollments:
        printer.line("No enrolment tokens.")
    for item in found.enrollments:
        template = f" from {safe(item.template)}" if item.template is not None else ""
        printer.line(("bold", safe(item.id)), f"  for {safe(item.user)}{template}")
        printer.line(f"  {item.uses_left} of {item.uses} uses left, {_until(item, now)}")
        if item.require_approval:
            printer.line("  each machine waits for an approval")
        for what, values in (("groups", item.groups), ("tags", _pairs(item.tags))):
            if values:
                printer.line(f"  {what} {safe(', '.join(values))}")
        printer.line(f"  made by {safe(item.created_by)}, {_second(item.created_at)}")


def _until(item: EnrollmentView, now: dt.datetime) -> str:
    if item.revoked_at is not None:
        return f"revoked {_second(item.revoked_at)}"
    return f"{'until' if now < item.expires_at else 'expired'} {_second(item.expires_at)}"


def _pairs(mapping: dict[str, str]) -> tuple[str, ...]:
    return tuple(f"{key}={value}" for key, value in sorted(mapping.items()))


def _second(moment: dt.datetime) -> str:
    return format_instant(moment.replace(microsecond=0))
