"""Audit records for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import orjson

from clawforge.ledger.record import AuditEvent
from clawforge.resource.meta import format_instant
from clawforge.wire_audit import PurgeAnswer
from clawforge_cli.views import json_documents
from clawforge_cli.views.terminal import Printer, safe

_WIDTH = 78
_REFUSED = frozenset({"refused", "deny"})


def show_text(events: Iterable[AuditEvent], printer: Printer) -> None:
    """One record a paragraph."""
    none = True
    for event in events:
        show_record(event, printer)
        none = False
    if none:
        printer.line("No records fit.")


def show_record(event: AuditEvent, printer: Printer) -> None:
    """When, what and how it ended; then who, from where, and what it was done to."""
    style = "bold red" if event.outcome in _REFUSED else "bold"
    at = format_instant(event.at.replace(microsecond=0))
    printer.line(f"{event.seq:>6}  {at}  ", (style, f"{safe(event.action)}: {safe(event.outcome)}"))
    parts = [f"by {safe(event.actor)}"]
    parts += [f"from {safe(event.address)}"] if event.address else []
    parts += [f"on {safe(event.target)}"] if event.target else []
    parts += [f"revision {event.revision}"] if event.revision is not None else []
    code = event.detail.get("code")
    parts += [f"because: {safe(code)}"] if isinstance(code, str) else []
    if event.payload_state != "present":
        parts.append("content purged" if event.payload_state == "absent" else "content damaged")
    for line in _folded(parts):
        printer.line(f"        {line}")


def show_line(event: AuditEvent) -> None:
    """One JSON document on one line, at once."""
    text = orjson.dumps(event.model_dump(mode="json", by_alias=True, exclude_none=True)).decode()
    sys.stdout.write(json_documents.escape_beyond_json(text) + "\n")
    sys.stdout.flush()


def show_document(events: Iterable[AuditEvent]) -> None:
    """`{events[]}`."""
    listed = [event.model_dump(mode="json", by_alias=True, exclude_none=True) for event in events]
    json_documents.show({"events": listed})


def show_purge(answer: PurgeAnswer, printer: Printer) -> None:
    """What went, and what was held."""
    for name, count in sorted(answer.purged.items()):
        printer.line(f"{safe(name)}: the content of {count} records was purged")
    if not answer.purged:
        printer.line("Nothing was old enough.")
    if answer.held:
        printer.line(f"A hold kept the content of {answer.held} records.")
    if answer.seq is not None:
        printer.line(f"Record {answer.seq} of the log says so.")


def _folded(parts: list[str]) -> list[str]:
    """The parts on lines of at most 78 characters where they fit; a part is never broken."""
    lines: list[str] = []
    for part in parts:
        if lines and len(lines[-1]) + len(part) + 2 <= _WIDTH - 8:
            lines[-1] += f", {part}"
        else:
            if lines:
                lines[-1] += ","
            lines.append(part)
    return lines
