"""Revisions for people."""

from __future__ import annotations

from clawforge.resource.meta import format_instant
from clawforge.wire import Revision, RevisionPage
from clawforge_cli.views.terminal import Printer, Segment, safe

VERDICT_STYLE = {"equal": "green", "tighter": "green", "looser": "red", "mixed": "yellow"}
_SHORT = 12


def show_revisions(page: RevisionPage, printer: Printer, *, before: int | None = None) -> None:
    """One revision a paragraph, newest first, and how to see older ones; `before` is where the page begins."""
    if not page.revisions:
        printer.line("No revisions yet." if before is None else f"No revisions below {before}.")
    for item in page.revisions:
        show_entry(item, printer)
    if page.next is not None:
        printer.line(f"(older revisions are not shown: --before {page.next} goes on, --limit shows more)")


def show_entry(item: Revision, printer: Printer) -> None:
    """Number, time, what it meant, who; then commit, its signers and counts; then who approved which plan."""
    verdict: tuple[Segment, ...] = ()
    if item.verdict is not None:
        verdict = ((VERDICT_STYLE.get(item.verdict, "yellow"), item.verdict), "  ")
    at = format_instant(item.created_at.replace(microsecond=0))
    printer.line(("bold yellow", f"revision {item.number}"), f"  {at}  ", *verdict, f"by {safe(item.actor)}")
    printer.line(f"  source {safe(item.source)}, {_commit(item)}")
    if item.signers:
        printer.paragraph(f"signed by {', '.join(map(safe, item.signers))}", first=("  ",), hang=4)
    if item.rollback_to is not None:
        printer.line(("yellow", f"  rollback to revision {item.rollback_to}"))
    summary = item.summary
    moved = f", {summary.move} renamed" if summary.move else ""
    forgotten = f", {summary.forget} forgotten" if summary.forget else ""
    printer.line(f"  {summary.add} added, {summary.change} changed, {summary.destroy} destroyed{moved}{forgotten}")
    for given in item.approvals:
        why = f": {safe(given.reason)}" if given.reason else ""
        vouched = f", says {safe(given.vouched_by)}" if given.vouched_by is not None else ""
        printer.line(f"  {given.verdict} by {safe(given.by)}{vouched} (plan {safe(item.plan_id)}){why}")
    if item.freeze_override is not None:
        printer.line("  ", ("bold red", "freeze overridden"), f": {safe(item.freeze_override)}")
    elif item.reason is not None:
        printer.line(f"  reason: {safe(item.reason)}")


def _commit(item: Revision) -> str:
    if not item.commit:
        return "no commit"
    dirty = " with uncommitted changes" if item.dirty else ""
    author = f" by {safe(item.commit_author)}" if item.commit_author else ""
    return f"{safe(item.commit[:_SHORT])}{dirty}{author}"
