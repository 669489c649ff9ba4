"""Revisions for people."""

from __future__ import annotations

from clawforge.resource.meta import format_instant
from clawforge.wire import RevisionPage
from clawforge_cli.views.terminal import Printer, safe


def show_revisions(page: RevisionPage, printer: Printer) -> None:
    """Number, time, who, commit and counts; one revision a paragraph."""
    if not page.revisions:
        printer.line("No revisions yet.")
    for item in page.revisions:
        summary = item.summary
        printer.line(
            ("bold yellow", f"revision {item.number}"),
            f"  {format_instant(item.created_at.replace(microsecond=0))}  by {safe(item.actor)}",
        )
        commit = (
            f"{safe(item.commit[:12])}{' with uncommitted changes' if item.dirty else ''}"
            if item.commit
            else "no commit"
        )
        author = f" by {safe(item.commit_author)}" if item.commit and item.commit_author else ""
        printer.line(f"  source {safe(item.source)}, {commit}{author}")
        printer.line(f"  {summary.add} added, {summary.change} changed, {summary.destroy} destroyed")
        for given in item.approvals:
            vouched = f", says {safe(given.vouched_by)}" if given.vouched_by is not None else ""
            printer.line(f"  {given.verdict} by {safe(given.by)}{vouched}")
        if item.freeze_override is not None:
            printer.line("  ", ("bold red", "freeze overridden"), f": {safe(item.freeze_override)}")
        elif item.reason is not None:
            printer.line(f"  reason: {safe(item.reason)}")
    if page.next is not None:
        printer.line("(older revisions are not shown; --limit shows more)")
