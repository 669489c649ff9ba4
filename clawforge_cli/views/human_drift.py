"""Drift for people: one row a difference, three columns."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from clawforge.resource.meta import format_instant
from clawforge_cli.views.human_rollout import rollout_words
from clawforge_cli.views.terminal import Printer, columns, safe

if TYPE_CHECKING:
    from clawforge.drift import DriftReport, ResourceDrift
    from clawforge.wire_drift import AgentDrift, DeclaredException

_SHORT_COMMIT = 12
_SHORT_DIGEST = 19
_GAP = "  "


class _Row(NamedTuple):
    """A difference, and what each side has of it."""

    what: str
    files: str
    server: str
    agents: str


def show_drift(report: DriftReport, printer: Printer) -> None:
    """The three sides, what differs between them, what was declared, and the sum of it."""
    fleet, counts = report.fleet, report.fleet.counts
    held = f", {counts.held:,} held back" if counts.held else ""
    rows = [
        _Row("", "FILES", "CONTROL PLANE", "AGENTS"),
        _Row(
            f"org {safe(report.org)}",
            _files(report),
            _server(report),
            f"{counts.in_force:,} of {counts.total:,} enforce it{held}",
        ),
        *map(_resource_row, report.resources),
        *map(_agent_row, fleet.agents),
    ]
    widths = [max(columns(row[place]) for row in rows) for place in range(3)]
    for number, row in enumerate(rows):
        cells = [f"{text}{' ' * (width - columns(text))}" for text, width in zip(row, widths, strict=False)]
        line = _GAP.join([*cells, row.agents]).rstrip()
        printer.line(("bold", line) if number == 0 else line)
    _show_rest(report, printer)
    if fleet.rollout is not None:
        printer.line()
        printer.paragraph(rollout_words(fleet.rollout), first=("Rollout: ",), hang=2)
    if fleet.exception_count:
        printer.line()
        printer.line(("bold", "Exceptions, made by hand:"))
        for item in fleet.exceptions:
            printer.paragraph(_exception(item), first=("  ",), hang=4)
        _more(fleet.exception_count - len(fleet.exceptions), printer)
    printer.line()
    printer.line(("bold", _sum(report)))


def _files(report: DriftReport) -> str:
    commit = report.files.commit
    named = "no commit" if commit is None else safe(commit[:_SHORT_COMMIT])
    return f"{named}, changed since" if report.files.dirty else named


def _server(report: DriftReport) -> str:
    server = report.server
    commit = "" if server.commit is None else f" of {safe(server.commit[:_SHORT_COMMIT])}"
    return f"revision {server.revision}{commit}"


def _resource_row(item: ResourceDrift) -> _Row:
    place = "" if item.file is None else f"{safe(item.file)}:{item.line}"
    files, server = {
        "only-in-files": (place, "not there"),
        "only-on-server": ("not there", "there"),
        "differs": (place, "says something else"),
        "owned-elsewhere": (place, f"says something else, owned by {safe(item.source)}"),
    }[item.state]
    return _Row(safe(item.address), files, server, "")


def _agent_row(item: AgentDrift) -> _Row:
    if item.state == "unacknowledged":
        holds = "enforces nothing yet"
    else:
        named = safe((item.acknowledged or "")[:_SHORT_DIGEST])
        holds = f"revision {item.revision}" if item.revision is not None else named
        holds = f"{holds} since {_second(item.since)}" if item.since is not None else holds
    seen = f", seen {_second(item.last_seen)}" if item.state == "offline" and item.last_seen is not None else ""
    state = "" if item.state == "unacknowledged" else f"{item.state}: "
    return _Row(
        f"{safe(item.instance)} ({safe(item.user)})", "", safe(item.wanted[:_SHORT_DIGEST]), f"{state}{holds}{seen}"
    )


def _show_rest(report: DriftReport, printer: Printer) -> None:
    resources = report.resource_count - len(report.resources)
    agents = report.fleet.counts.differing - len(report.fleet.agents)
    if resources:
        printer.line(f"and {resources:,} more resources; --limit names more.")
    if agents:
        printer.line(f"and {agents:,} more agents; --limit names more.")


def _exception(item: DeclaredException) -> str:
    by = f" by {safe(item.by)}" if item.by is not None else ""
    if item.kind == "kill":
        return f"kill switch over {safe(item.subject)}, on since {_second(item.at)}{by}: {safe(item.why)}"
    what = {
        "quarantine": "in quarantine",
        "suspension": "stopped",
        "elevation": "elevated",
        "grant": "given a temporary grant",
        "skill": "revoked",
    }[item.kind]
    return f"{safe(item.subject)} {what} since {_second(item.at)}{by}: {safe(item.why)}"


def _more(count: int, printer: Printer) -> None:
    if count:
        printer.line(f"  and {count:,} more; --limit names more.")


def _sum(report: DriftReport) -> str:
    counts = report.fleet.counts
    excepted = f" {counts.excepted:,} in quarantine." if counts.excepted else ""
    if not report.differs:
        return f"No drift.{excepted}"
    kinds = ((counts.behind, "behind"), (counts.offline, "offline"), (counts.unacknowledged, "with nothing yet"))
    named = ", ".join(f"{count:,} {word}" for count, word in kinds if count)
    agents = f"{counts.differing:,} of {counts.total:,} agents differ{f' ({named})' if named else ''}."
    resources = "1 resource differs" if report.resource_count == 1 else f"{report.resource_count:,} resources differ"
    return f"Drift: {resources} between files and control plane; {agents}{excepted}"


def _second(moment: dt.datetime) -> str:
    return format_instant(moment.replace(microsecond=0))
