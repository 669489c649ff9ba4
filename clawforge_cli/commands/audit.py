"""`clawforge audit`: who did what, and the proof that nobody changed the record of it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Format, Org, Server, TextOrJson
from clawforge_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from clawforge_cli.audit_client import AuditFilter, AuditLog

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


class Records(StrEnum):
    """How records are printed."""

    TEXT = "text"
    JSON = "json"
    NDJSON = "ndjson"


class ExportFormat(StrEnum):
    """How records are written for other programs."""

    NDJSON = "ndjson"
    CSV = "csv"
    CEF = "cef"
    OCSF = "ocsf"


Project = Annotated[Path, typer.Option("--project", metavar="DIR", help="Directory of the project that names the org.")]
Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help="From then on: RFC 3339, or 24h for ago.")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help="Before then: RFC 3339, or 24h for ago.")]
Actor = Annotated[str | None, typer.Option("--actor", help="Who did it, such as user:ann or service-account:ci.")]
Action = Annotated[str | None, typer.Option("--action", help="What was done, such as plans:apply.")]
Outcome = Annotated[str | None, typer.Option("--outcome", help="How it ended: done, refused, allow, ask, deny.")]
EventClass = Annotated[str | None, typer.Option("--class", help="Class of event: policy, access, fleet, call ...")]
Target = Annotated[str | None, typer.Option("--target", help="What it was done to, such as plan/ID.")]
Instance = Annotated[str | None, typer.Option("--instance", help="What this instance did.")]
Tool = Annotated[str | None, typer.Option("--tool", help="Calls of this tool.")]


@app.callback()
def audit() -> None:
    """Read the audit log, follow it, export it, and prove that it was not changed."""


@app.command()
def query(
    since: Since = None,
    until: Until = None,
    actor: Actor = None,
    action: Action = None,
    outcome: Outcome = None,
    event_class: EventClass = None,
    target: Target = None,
    instance: Instance = None,
    tool: Tool = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many at the most.")] = 50,
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="Begin with the oldest.")] = False,
    format: Annotated[Records, typer.Option("--format", help="Form of the output.")] = Records.TEXT,
    project: Project = Path(),
    server: Server = None,
    org: Org = None,
) -> None:
    """Print records, newest first."""
    from clawforge_cli.views import audit_records
    from clawforge_cli.views.terminal import Printer

    wanted = _filter(since, until, actor, action, outcome, event_class, target, instance, tool)
    log, name = _log(project, server, org)
    found = log.records(name, wanted, newest_first=not oldest_first, limit=limit)
    if format is Records.JSON:
        audit_records.show_document(found)
    elif format is Records.NDJSON:
        for event in found:
            audit_records.show_line(event)
    else:
        audit_records.show_text(found, Printer())


@app.command()
def tail(
    follow: Annotated[bool, typer.Option("-f", "--follow", help="Go on with what is written from now on.")] = False,
    lines: Annotated[int, typer.Option("-n", "--lines", min=0, max=10_000, help="How many to begin with.")] = 10,
    after: Annotated[
        int | None, typer.Option("--after", min=0, metavar="SEQ", help="Begin after this record instead.")
    ] = None,
    actor: Actor = None,
    action: Action = None,
    outcome: Outcome = None,
    event_class: EventClass = None,
    target: Target = None,
    instance: Instance = None,
    tool: Tool = None,
    format: Annotated[Records, typer.Option("--format", help="text or ndjson.")] = Records.TEXT,
    project: Project = Path(),
    server: Server = None,
    org: Org = None,
) -> None:
    """Print the newest records, and follow what comes. A broken connection is made again, and nothing is left out."""
    from clawforge_cli.audit_following import follow_log
    from clawforge_cli.views import audit_records
    from clawforge_cli.views.terminal import Printer

    wanted = _filter(None, None, actor, action, outcome, event_class, target, instance, tool)
    log, name = _log(project, server, org)
    printer = Printer()
    for event in follow_log(log, name, wanted, lines=lines, after=after, follow=follow):
        if format is Records.TEXT:
            audit_records.show_record(event, printer)
        else:
            audit_records.show_line(event)


@app.command()
def export(
    format: Annotated[ExportFormat, typer.Option("--format", help="Form of the output.")] = ExportFormat.NDJSON,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write here, not on standard output.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where FILE ends; begin if there is no FILE yet.")
    ] = False,
    after: Annotated[int | None, typer.Option("--after", min=0, metavar="SEQ", help="Only records after this.")] = None,
    since: Since = None,
    until: Until = None,
    actor: Actor = None,
    action: Action = None,
    outcome: Outcome = None,
    event_class: EventClass = None,
    target: Target = None,
    instance: Instance = None,
    tool: Tool = None,
    project: Project = Path(),
    server: Server = None,
    org: Org = None,
) -> None:
    """Write records for other programs, oldest first."""
    from clawforge.errors import InputError
    from clawforge_cli.audit_export import export_log
    from clawforge_cli.views.terminal import note

    if resume and (out is None or after is not None):
        raise InputError("--resume needs --out and goes without --after.", hint="FILE itself says where it ends.")
    wanted = _filter(since, until, actor, action, outcome, event_class, target, instance, tool)
    log, name = _log(project, server, org)
    written = export_log(log, name, wanted, format.value, out=out, resume=resume, after=after)
    if out is not None:
        note(f"{written.records} records were written to {out}; the last is {written.last or 'none'}.")


@app.command()
def verify(
    checkpoint: Annotated[
        Path | None, typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that `audit checkpoint` wrote.")
    ] = None,
    root_key: Annotated[
        str | None, typer.Option("--root-key", metavar="KEY", help="The org's root key, if it is known, in base64.")
    ] = None,
    format: Format = TextOrJson.TEXT,
    project: Project = Path(),
    server: Server = None,
    org: Org = None,
) -> None:
    """Read the whole log, make every hash anew, and compare it with what was signed. Exit code 3 if it was changed."""
    from clawforge_cli.audit_files import read_checkpoint
    from clawforge_cli.audit_verification import RemoteLog, verify_log
    from clawforge_cli.views import audit_verification
    from clawforge_cli.views.terminal import Printer

    exported = read_checkpoint(checkpoint) if checkpoint is not None else None
    log, name = _log(project, server, org)
    found = verify_log(name, RemoteLog(log, name), root_key=root_key, exported=exported)
    if format is TextOrJson.JSON:
        audit_verification.show_document(found)
    else:
        audit_verification.show_text(found, Printer())
    if found.findings:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command()
def checkpoint(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where to write it.")],
    project: Project = Path(),
    server: Server = None,
    org: Org = None,
) -> None:
    """Write the newest signed checkpoint. Keep it where the server's people do not reach it."""
    from clawforge_cli.audit_files import write_checkpoint
    from clawforge_cli.views.terminal import note

    log, name = _log(project, server, org)
    size = write_checkpoint(log.checkpoints(name), out)
    note(f"The checkpoint of {size} records was written to {out}.")


@app.command()
def purge(
    reason: Annotated[str, typer.Option("--reason", help="Why; it stands in the log.")],
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="DURATION", help="Shorter than the org keeps, this once.")
    ] = None,
    event_class: Annotated[list[str] | None, typer.Option("--class", help="Only this class; may be repeated.")] = None,
    auto_approve: Annotated[bool, typer.Option("--auto-approve", help="Do not ask.")] = False,
    project: Project = Path(),
    server: Server = None,
    org: Org = None,
) -> None:
    """Take away the content of records that the org does not keep any more. Holds are stronger; the proof stays."""
    from clawforge_cli.audit_files import purge_request
    from clawforge_cli.views import audit_records
    from clawforge_cli.views.terminal import Printer

    request = purge_request(reason, older_than, event_class or [])
    log, name = _log(project, server, org)
    if not auto_approve and not _agreed():
        raise typer.Exit(ExitCode.ERROR)
    audit_records.show_purge(log.purge(name, request), Printer())


def _log(project: Path, server: str | None, org: str | None) -> tuple[AuditLog, str]:
    from clawforge_cli.audit_client import AuditLog
    from clawforge_cli.org_choice import choose_org
    from clawforge_cli.settings import connection

    chosen = choose_org(project, org)
    return AuditLog(connection(server, project_server=chosen.server, org=chosen.org)), chosen.org


def _filter(
    since: str | None,
    until: str | None,
    actor: str | None,
    action: str | None,
    outcome: str | None,
    event_class: str | None,
    target: str | None,
    instance: str | None,
    tool: str | None,
) -> AuditFilter:
    from clawforge_cli.audit_client import AuditFilter
    from clawforge_cli.audit_files import moment

    return AuditFilter(
        since=moment("--since", since),
        until=moment("--until", until),
        actor=actor,
        action=action,
        outcome=outcome,
        event_class=event_class,
        target=target,
        instance=instance,
        tool=tool,
    )


def _agreed() -> bool:
    from clawforge_cli.settings import may_ask
    from clawforge_cli.views.terminal import note

    if not may_ask():
        note("Nobody can be asked here; pass --auto-approve to purge without asking. Nothing was changed.")
        return False
    answer = typer.prompt(
        "Take this content away for good? Only 'yes' goes on", default="", show_default=False, err=True
    )
    if answer.strip() != "yes":
        note("Nothing was changed.")
        return False
    return True
