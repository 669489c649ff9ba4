"""Skills for people: how they stand, what was handed in, and what became of it."""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING

from clawforge.resource.meta import format_instant
from clawforge.wire_skills import (
    OtherContent,
    RevocationView,
    SkillList,
    SkillVerdictView,
    SubmissionList,
    SubmissionView,
)
from clawforge_cli.views.human_layout import show_diff
from clawforge_cli.views.human_proposal import note_proposed, proposal_document
from clawforge_cli.views.terminal import Printer, note, safe

if TYPE_CHECKING:
    from clawforge.adoption.live import ChangedText
    from clawforge_cli.skill_review_run import Reviewed
    from clawforge_cli.skill_revoke_run import CodifiedRevocation

_STYLES = {
    "approved": "green",
    "due": "yellow",
    "expired": "red",
    "rejected": "red",
    "revoked": "red",
    "pending": "yellow",
    "withdrawn": "dim",
}
_NEEDS_REVIEW = frozenset({"due", "expired"})
_WIDTH = 9
_SHORT = len("sha256:") + 12


def show_skills(found: SkillList, printer: Printer, *, needs_review: bool = False) -> None:
    """One verdict a line by key, then what was stopped by hand and what nobody has judged."""
    if not found.verdicts and not found.changed and not found.revocations:
        printer.line("Nothing needs a review." if needs_review else "No skill is judged.")
    for item in found.verdicts:
        _show_verdict(item, printer)
    for revocation in found.revocations:
        _show_revocation(revocation, printer)
    for changed in found.changed:
        approved = " and ".join(_content(item) for item in changed.approved)
        printer.line(
            ("yellow", f"{'changed':<{_WIDTH}}"), f"  {safe(_named(changed.key, changed.version, changed.digest))}"
        )
        printer.line(f"  seen {_second(changed.seen_at)} in {safe(changed.seen_in)}; approved is {safe(approved)}")
    if found.pending:
        waits = "1 submission waits" if found.pending == 1 else f"{found.pending:,} submissions wait"
        printer.line(f"{waits} for a review: `clawforge skill review`.")
    if not found.complete:
        note("The log of the last 30 days was too long to look through for changed content; older events are left out.")


def only_needing_review(found: SkillList) -> SkillList:
    """What ends soon or has ended, and content that nobody has judged."""
    due = tuple(item for item in found.verdicts if item.state in _NEEDS_REVIEW)
    return found.model_copy(update={"verdicts": due, "revocations": ()})


def _show_verdict(item: SkillVerdictView, printer: Printer) -> None:
    name = safe(_named(item.key, item.version, item.digest))
    printer.line((_STYLES[item.state], f"{item.state:<{_WIDTH}}"), f"  {name}{_until(item)}")
    place = f" ({safe(item.file)}:{item.line})" if item.file is not None else ""
    by = f", reviewed by {safe(item.reviewed_by)}" if item.reviewed_by is not None else ""
    printer.line(f"  {safe(item.resource)}{place}{by}")


def _until(item: SkillVerdictView) -> str:
    if item.review_by is None or item.status != "approved":
        return ""
    return f"  {'ended with' if item.state == 'expired' else 'until'} {item.review_by.isoformat()}"


def _show_revocation(item: RevocationView, printer: Printer) -> None:
    printer.line(("red", f"{'stopped':<{_WIDTH}}"), f"  {safe(_named(item.key, item.version, item.digest))}")
    printer.line(f"  {safe(item.id)} by {safe(item.by)}, {_second(item.at)}: {safe(item.reason)}")
    printer.line("  not in the files yet; an apply that says the same takes its place")


def show_submitted(item: SubmissionView, printer: Printer) -> None:
    """What was handed in, and what is said about the skill already."""
    _show_head(item, printer)
    _show_judged(item, printer)


def show_submissions(found: SubmissionList, printer: Printer) -> None:
    """One submission a paragraph."""
    if not found.submissions:
        printer.line("No submissions.")
    for item in found.submissions:
        _show_head(item, printer)


def show_submission(item: SubmissionView, printer: Printer) -> None:
    """All of one submission: what was handed in, what is said about the skill already, and its texts."""
    _show_head(item, printer)
    for what, text in (("source", item.source), ("note", item.note), ("reason", item.reason)):
        if text:
            printer.line(f"  {what} {safe(text)}")
    _show_judged(item, printer)
    for line in item.manifest.splitlines():
        printer.line(f"  | {safe(line)}")


def _show_judged(item: SubmissionView, printer: Printer) -> None:
    for other in item.verdicts:
        printer.line(f"  judged already: {other.state}, {safe(_place(other))}")
    for other in item.others:
        printer.line(
            ("yellow", "  other content"), f" is {other.state}: {safe(_content(other))}, {safe(_place(other))}"
        )


def _show_head(item: SubmissionView, printer: Printer) -> None:
    where = f" through {safe(item.instance)}" if item.instance is not None else ""
    printer.line((_STYLES[item.state], f"{item.state:<{_WIDTH}}"), f"  {safe(_named(item.key, item.version, None))}")
    printer.line(f"  {safe(item.id)} by {safe(item.submitted_by)}{where}, {_second(item.submitted_at)}")
    printer.line(f"  {safe(item.digest) if item.digest is not None else 'without the digest of its content'}")
    if item.reviewed_by is not None and item.reviewed_at is not None:
        printer.line(f"  {item.state} by {safe(item.reviewed_by)}, {_second(item.reviewed_at)}")


def show_reviewed(done: Reviewed, printer: Printer) -> None:
    """What changed in the files, and what is to be done next."""
    item = done.submission
    show_files(done.files, printer)
    note(f"{safe(_named(item.key, item.version, None))} is {item.state}. No policy has changed by that.")
    if done.patch is not None:
        for address in done.patch.beside:
            note(f"{safe(address)} stays beside it; --replace {safe(address)} puts the new content in its place.")
    if done.proposed.is_git:
        note_proposed(done.proposed)
    elif done.files:
        note("Commit the change, and apply it: agents go by what is applied.")
    elif done.patch is None:
        note("Nothing is written to the files: the verdict would be on every content of the skill.")


def reviewed_document(done: Reviewed) -> dict[str, object]:
    """`{submission, resource?, files[], beside[], proposal?}`."""
    patch = done.patch
    return {
        "submission": done.submission.model_dump(mode="json", by_alias=True),
        **({"resource": patch.address} if patch is not None else {}),
        "files": [file.path for file in done.files],
        "beside": [] if patch is None else list(patch.beside),
        **proposal_document(done.proposed),
    }


def note_stopped(item: RevocationView) -> None:
    """What is stopped, and for how long."""
    name = safe(_named(item.key, item.version, item.digest))
    note(f"{name} is stopped: every agent refuses it from its next poll on, until the files say so ({safe(item.id)}).")


def show_codified(written: CodifiedRevocation | None, printer: Printer) -> None:
    """What changed in the files, and what is to be done next."""
    if written is None:
        note("The files do not say so yet: no project of the org is here. Run this again there, or name it: --project.")
        return
    show_files(written.files, printer)
    if written.patch is None:
        note(f"{safe(written.told)} says so in the files already: apply them.")
        return
    for address in written.patch.idle:
        note(f"{safe(address)} approves it, which counts no more: remove that.")
    if written.proposed.is_git:
        note_proposed(written.proposed)
        note("Once that is merged and applied, the files take the place of what was done by hand.")
    else:
        note("Commit the change, and apply it: then the files take the place of what was done by hand.")


def revoked_document(item: RevocationView, written: CodifiedRevocation | None) -> dict[str, object]:
    """`{revocation, resource?, files[], idle[], proposal?}`."""
    patch = None if written is None else written.patch
    told = None if written is None else written.told
    address = told if patch is None else patch.address
    return {
        "revocation": item.model_dump(mode="json", by_alias=True),
        **({"resource": address} if address is not None else {}),
        "files": [] if written is None else [file.path for file in written.files],
        "idle": [] if patch is None else list(patch.idle),
        **({} if written is None else proposal_document(written.proposed)),
    }


def show_files(files: tuple[ChangedText, ...], printer: Printer) -> None:
    """The diff of each file that was changed."""
    for file in files:
        show_diff(file.path, file.before or b"", file.after, printer)
    # What goes to standard output stands first in a log that takes both.
    sys.stdout.flush()


def _place(item: OtherContent) -> str:
    return item.resource if item.file is None else f"{item.resource} ({item.file}:{item.line})"


def _content(item: OtherContent) -> str:
    version = f"version {item.version} " if item.version is not None else ""
    return f"{version}{item.digest or 'any content'}"


def _named(key: str, version: str | None, digest: str | None) -> str:
    parts = (key, f" {version}" if version is not None else "", f"  {digest[:_SHORT]}" if digest is not None else "")
    return "".join(parts)


def _second(moment: dt.datetime) -> str:
    return format_instant(moment.replace(microsecond=0))
