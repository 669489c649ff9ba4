"""What the verification of an audit log found."""

from __future__ import annotations

import dataclasses
from typing import Any

from clawforge_cli.audit_verification import Verification
from clawforge_cli.views import json_documents
from clawforge_cli.views.human_problems import plural
from clawforge_cli.views.terminal import Printer, safe

_MOST_SHOWN = 20


def show_text(found: Verification, printer: Printer) -> None:
    """One line a finding; without any, what was proven."""
    if not found.findings:
        fit = "fits" if found.records == 1 else "fit"
        proven = f" {plural(found.records, 'record')} {fit} {plural(found.checkpoints, 'checkpoint')}."
        printer.line(("bold green", "The log is whole."), proven)
        printer.line(f"root {found.root}")
    else:
        printer.line(("bold red", "The log was changed."), f" First at record {first_bad(found)}.")
    for finding in found.findings[:_MOST_SHOWN]:
        printer.line(f"{finding.seq:>6}  {finding.code}")
        printer.line(f"        {safe(finding.message)}")
    if len(found.findings) > _MOST_SHOWN:
        printer.line(f"and {len(found.findings) - _MOST_SHOWN} more findings; --format json lists them")
    if not found.pinned:
        printer.line("The root key is the server's own word. Compare it, and pass it next time:")
        printer.line(f"  --root-key {safe(found.root_key)}")


def show_document(found: Verification) -> None:
    """Everything, as one JSON document."""
    document: dict[str, Any] = {
        "org": found.org,
        "verified": not found.findings,
        "records": found.records,
        "root": found.root,
        "checkpoints": found.checkpoints,
        "rootKey": found.root_key,
        "rootKeyPinned": found.pinned,
        "firstBad": first_bad(found) if found.findings else None,
        "findings": [dataclasses.asdict(finding) for finding in found.findings],
    }
    json_documents.show(document)


def first_bad(found: Verification) -> int:
    """The number of the first record that is not as it was; 0 if a finding names none."""
    return min((finding.seq for finding in found.findings if finding.seq), default=0)
