"""Versions of machines for people: what has to be done, and whom it concerns."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from clawforge.resource.meta import format_instant
from clawforge_cli.views.terminal import Printer, columns, safe

if TYPE_CHECKING:
    from clawforge.wire_versions import MachineVersions, VersionMiss, VersionReport, VersionShare

_STYLES = {"ok": "green", "unknown": "yellow", "warned": "yellow", "in-grace": "yellow", "blocked": "red"}
_WORDS = {"unknown": "unknown", "warned": "warned", "in-grace": "in grace", "blocked": "blocked"}


class _Task(NamedTuple):
    """Something to do, and why: the same for every machine below it."""

    resource: str
    message: str
    remedy: str


def show_versions(found: VersionReport, printer: Printer, *, wide: bool = False) -> None:
    """What to do, with the machines that it concerns, then the sum; `wide` adds who runs what."""
    tasks: dict[_Task, list[tuple[MachineVersions, VersionMiss]]] = {}
    for machine in found.machines:
        for miss in machine.misses:
            task = _Task(miss.resource, miss.message, miss.remedy)
            tasks.setdefault(task, []).append((machine, miss))
    for task, concerned in tasks.items():
        printer.paragraph(safe(task.remedy), first=(("bold", f"{safe(task.resource)}:"), " "), hang=2)
        if task.message:
            printer.paragraph(safe(task.message), first=("  ",))
        _show_machines(concerned, printer, wide=wide)
        printer.line()
    hidden = (found.falling if found.plan is not None else found.offenders) - len(found.machines)
    if hidden > 0:
        printer.line(f"and {hidden:,} more machines; --limit names more.")
    if wide:
        _show_shares(found.versions, printer)
    printer.paragraph(_sum(found), style="bold")


def _show_machines(concerned: Iterable[tuple[MachineVersions, VersionMiss]], printer: Printer, *, wide: bool) -> None:
    rows = [(_WORDS[miss.state], f"{safe(machine.instance)} ({safe(machine.user)})", machine, miss)
            for machine, miss in concerned]  # fmt: skip
    names = max(columns(name) for _, name, _, _ in rows)
    states = max(len(word) for word, _, _, _ in rows)
    for word, name, machine, miss in rows:
        space = " " * (names - columns(name))
        before = f", {_WORDS.get(machine.before, 'in order')} now" if machine.before is not None else ""
        line = f"{name}{space}  {miss.component} {safe(miss.version) if miss.version is not None else 'unknown'}"
        state = (_STYLES[miss.state], f"{word:<{states}}")
        printer.paragraph(f"{line}{_when(miss)}{before}", first=("  ", state, "  "), hang=6)
        if wide:
            seen = "never" if machine.last_seen is None else _second(machine.last_seen)
            since = "" if miss.since is None else f", out of range since {_second(miss.since)}"
            printer.line(f"      last seen {seen}{since}")


def _when(miss: VersionMiss) -> str:
    return "" if miss.until is None else f", blocked from {_second(miss.until)}"


def _show_shares(shares: Iterable[VersionShare], printer: Printer) -> None:
    for share in shares:
        version = "unknown" if share.version is None else safe(share.version)
        missing = f", {share.missing:,} out of range" if share.missing else ""
        printer.line(f"{share.component} {version}: {share.machines:,}{missing}")
    printer.line()


def _sum(found: VersionReport) -> str:
    counts = found.counts
    machines = "1 machine" if counts.total == 1 else f"{counts.total:,} machines"
    kinds = ((counts.blocked, "blocked"), (counts.in_grace, "in grace"), (counts.warned, "warned"),
             (counts.unknown, "unknown"))  # fmt: skip
    named = ", ".join(f"{count:,} {word}" for count, word in kinds if count)
    if found.plan is None:
        if not found.offenders:
            return f"{machines}, in range." if counts.total else "No machines."
        return f"{found.offenders:,} of {machines} out of range: {named}."
    if not found.falling:
        return f"Nobody would fall out of range by this plan: {named or 'all in range'} of {machines}."
    blocked = f", {found.newly_blocked:,} of them blocked at once" if found.newly_blocked else ""
    return f"{found.falling:,} of {machines} would fall out of range{blocked}. Afterwards: {named}."


def _second(moment: dt.datetime) -> str:
    return format_instant(moment.replace(microsecond=0))
