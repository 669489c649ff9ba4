"""`clawforge skill`: skills that people want approved, verdicts on them, and stopping one at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Org, Output, Server, TextOrJson
from clawforge_cli.proposal_options import Author, Branch, Patch, Sign
from clawforge_cli.skill_options import File, Folder, Groups, Project, Replace, ReviewBy, Seen, Submission, Users, Why

if TYPE_CHECKING:
    from clawforge_cli.skill_review_run import Review

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def skill() -> None:
    """Skills: handing in, verdicts, and stopping one at once."""


@app.command()
def digest(folder: Folder) -> None:
    """Print the digest of a skill's content, as approvals name it."""
    from clawforge_cli.skill_folder import read_skill

    typer.echo(read_skill(folder).digest)


@app.command()
def submit(
    folder: Folder,
    key: Annotated[str | None, typer.Option("--key", help="Key of the skill; default the name in SKILL.md.")] = None,
    version: Annotated[str | None, typer.Option("--version", help="Version; default that of SKILL.md.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Where it comes from.")] = None,
    note: Annotated[str, typer.Option("--note", help="What reviewers should know.")] = "",
    server: Server = None,
    org: Org = None,
    format: Output = TextOrJson.TEXT,
) -> None:
    """Hand a skill in for review."""
    from clawforge_cli.skill_client import SkillClient
    from clawforge_cli.skill_review_run import submission_of
    from clawforge_cli.views import human_skills, json_documents
    from clawforge_cli.views.terminal import Printer

    request = submission_of(folder, key=key, version=version, source=source, note=note)
    answer = SkillClient.chosen(server, org).submit(request)
    if format is TextOrJson.JSON:
        json_documents.show(answer.model_dump(mode="json", by_alias=True))
    else:
        human_skills.show_submitted(answer, Printer())


@app.command()
def withdraw(submission: Submission, server: Server = None, org: Org = None) -> None:
    """Take back what you handed in."""
    from clawforge_cli.skill_client import SkillClient
    from clawforge_cli.views.terminal import note, safe

    SkillClient.chosen(server, org).withdraw(submission)
    note(f"{safe(submission)} is withdrawn.")


@app.command(name="list")
def list_(
    needs_review: Annotated[
        bool, typer.Option("--needs-review", help="Only what ends or has ended, and content that nobody has judged.")
    ] = False,
    server: Server = None,
    org: Org = None,
    format: Output = TextOrJson.TEXT,
) -> None:
    """List verdicts on skills, what was stopped by hand, and what changed since it was approved."""
    from clawforge_cli.skill_client import SkillClient
    from clawforge_cli.views import human_skills, json_documents
    from clawforge_cli.views.terminal import Printer

    found = SkillClient.chosen(server, org).skills()
    if needs_review:
        found = human_skills.only_needing_review(found)
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_skills.show_skills(found, Printer(), needs_review=needs_review)


@app.command()
def review(
    submission: Annotated[str | None, typer.Argument(metavar="ID", help="Submission; left out, list them.")] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Approve it, as `skill approve` does.")] = False,
    reject: Annotated[bool, typer.Option("--reject", help="Reject it, as `skill reject` does.")] = False,
    every: Annotated[bool, typer.Option("--all", help="List those that were reviewed too.")] = False,
    reason: Why = "",
    review_by: ReviewBy = None,
    folder: Seen = None,
    users: Users = None,
    groups: Groups = None,
    replace: Replace = None,
    project: Project = Path(),
    file: File = None,
    branch: Branch = None,
    patch: Patch = None,
    author: Author = None,
    sign: Sign = False,
    server: Server = None,
    org: Org = None,
    format: Output = TextOrJson.TEXT,
) -> None:
    """List the skills that wait for a review, or show one, or approve or reject it."""
    from clawforge.errors import InputError
    from clawforge_cli.proposing import Destination
    from clawforge_cli.skill_client import SkillClient
    from clawforge_cli.skill_review_run import Review
    from clawforge_cli.views import human_skills, json_documents
    from clawforge_cli.views.terminal import Printer

    if approve and reject:
        raise InputError("A skill is approved or rejected, not both.")
    if (approve or reject) and submission is None:
        raise InputError("Which submission?", hint="`clawforge skill review` lists those that wait.")
    destination = Destination.asked(branch, patch, author, sign=sign)
    if destination.is_git and not (approve or reject):
        raise InputError("--branch and --patch are for a verdict: say --approve or --reject.")
    if submission is not None and (approve or reject):
        wish = Review(
            verdict="approved" if approve else "rejected",
            reason=reason,
            project=project,
            review_by=review_by,
            folder=folder,
            users=tuple(users or ()),
            groups=tuple(groups or ()),
            replace=replace,
            file=file,
            destination=destination,
        )
        _carry_out(submission, wish, server, org, format)
        return
    client = SkillClient.chosen(server, org, project)
    if submission is None:
        listed = client.submissions(None if every else "pending")
        if format is TextOrJson.JSON:
            json_documents.show(listed.model_dump(mode="json", by_alias=True))
        else:
            human_skills.show_submissions(listed, Printer())
        return
    found = client.submission(submission)
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_skills.show_submission(found, Printer())


@app.command()
def approve(
    submission: Submission,
    reason: Why = "",
    review_by: ReviewBy = None,
    folder: Seen = None,
    users: Users = None,
    groups: Groups = None,
    replace: Replace = None,
    project: Project = Path(),
    file: File = None,
    branch: Branch = None,
    patch: Patch = None,
    author: Author = None,
    sign: Sign = False,
    server: Server = None,
    org: Org = None,
    format: Output = TextOrJson.TEXT,
) -> None:
    """Approve a skill that somebody else handed in: the approval is written to the files, to be applied."""
    from clawforge_cli.proposing import Destination
    from clawforge_cli.skill_review_run import Review

    wish = Review(
        verdict="approved",
        reason=reason,
        project=project,
        review_by=review_by,
        folder=folder,
        users=tuple(users or ()),
        groups=tuple(groups or ()),
        replace=replace,
        file=file,
        destination=Destination.asked(branch, patch, author, sign=sign),
    )
    _carry_out(submission, wish, server, org, format)


@app.command()
def reject(
    submission: Submission,
    reason: Why = "",
    folder: Seen = None,
    project: Project = Path(),
    file: File = None,
    branch: Branch = None,
    patch: Patch = None,
    author: Author = None,
    sign: Sign = False,
    server: Server = None,
    org: Org = None,
    format: Output = TextOrJson.TEXT,
) -> None:
    """Reject a skill that somebody else handed in: the verdict on its content is written to the files."""
    from clawforge_cli.proposing import Destination
    from clawforge_cli.skill_review_run import Review

    wish = Review(
        verdict="rejected",
        reason=reason,
        project=project,
        folder=folder,
        file=file,
        destination=Destination.asked(branch, patch, author, sign=sign),
    )
    _carry_out(submission, wish, server, org, format)


@app.command()
def revoke(
    skill: Annotated[str, typer.Argument(metavar="KEY[@DIGEST]", help="Skill; without a digest, any content of it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the log and in the files.")],
    version: Annotated[str | None, typer.Option("--version", help="Only this version.")] = None,
    project: Project = Path(),
    file: File = None,
    branch: Branch = None,
    patch: Patch = None,
    author: Author = None,
    sign: Sign = False,
    server: Server = None,
    org: Org = None,
    format: Output = TextOrJson.TEXT,
) -> None:
    """Stop a skill for everybody at once, and write it to the files of the project, to be applied."""
    import datetime as dt

    from clawforge_cli.proposing import Destination
    from clawforge_cli.skill_client import SkillClient
    from clawforge_cli.skill_revoke_run import codify, stop
    from clawforge_cli.views import human_skills, json_documents
    from clawforge_cli.views.terminal import Printer

    destination = Destination.asked(branch, patch, author, sign=sign)
    client = SkillClient.chosen(server, org, project)
    stopped = stop(client, skill, version, reason)
    # Said before the files are touched: what goes wrong there takes nothing of it back.
    human_skills.note_stopped(stopped)
    written = codify(client, stopped, project, destination, dt.datetime.now(dt.UTC), place=file)
    if format is TextOrJson.JSON:
        json_documents.show(human_skills.revoked_document(stopped, written))
    else:
        human_skills.show_codified(written, Printer())


@app.command()
def lift(
    revocation: Annotated[str, typer.Argument(metavar="ID", help="Revocation by hand, as `skill list` names it.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the log.")],
    server: Server = None,
    org: Org = None,
) -> None:
    """Take back a revocation that was made by hand: what the files say counts again."""
    from clawforge.errors import InputError
    from clawforge_cli.skill_client import SkillClient
    from clawforge_cli.views.terminal import note, safe

    if not reason.strip():
        raise InputError("--reason says nothing.")
    SkillClient.chosen(server, org).lift(revocation, reason)
    note(f"{safe(revocation)} is lifted: what the files say about the skill counts again.")


def _carry_out(submission: str, wish: Review, server: str | None, org: str | None, format: TextOrJson) -> None:
    import datetime as dt

    from clawforge_cli.skill_client import SkillClient
    from clawforge_cli.skill_review_run import carry_out
    from clawforge_cli.views import human_skills, json_documents
    from clawforge_cli.views.terminal import Printer

    client = SkillClient.chosen(server, org, wish.project)
    done = carry_out(client, submission, wish, dt.datetime.now(dt.UTC))
    if format is TextOrJson.JSON:
        json_documents.show(human_skills.reviewed_document(done))
    else:
        human_skills.show_reviewed(done, Printer())
