"""Stopping a skill: at once by hand, and then in the files, which take the place of that once they are applied."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.errors import InputError
from clawforge.wire_skills import RevocationRequest, RevocationView
from clawforge_cli.gitops.commit_message import CommitMessage
from clawforge_cli.proposing import IN_NO_PROPOSAL, Destination, Proposed, propose

if TYPE_CHECKING:
    import datetime as dt

    from clawforge.adoption.live import ChangedText
    from clawforge.skill.patch import SkillPatch
    from clawforge_cli.skill_client import SkillClient


@dataclass(frozen=True, slots=True)
class CodifiedRevocation:
    """What the files say of a revocation: a patch and the files that it changes, or `told`, the verdict that says so
    already."""

    patch: SkillPatch | None = None
    files: tuple[ChangedText, ...] = ()
    told: str | None = None
    proposed: Proposed = IN_NO_PROPOSAL


def stop(client: SkillClient, skill: str, version: str | None, reason: str) -> RevocationView:
    """Stop a skill by hand, named as KEY or KEY@DIGEST. Raises InputError, and the refusals of the control plane."""
    from pydantic import ValidationError

    from clawforge.skill.named import parse_skill

    named = parse_skill(skill)
    try:
        request = RevocationRequest(key=named.key, version=version, digest=named.digest, reason=reason)
    except ValidationError as error:
        raise InputError("--version is empty or too long, or --reason says nothing.") from error
    return client.revoke(request)


def codify(
    client: SkillClient,
    revocation: RevocationView,
    directory: Path,
    destination: Destination,
    now: dt.datetime,
    *,
    place: str | None,
) -> CodifiedRevocation | None:
    """Write what was stopped into the files of a project, or propose it to git; None where the directory is no project
    of the org.

    Raises FindingsError for a project that cannot be read, InputError for files that are not changed safely, and as
    `proposing.prepare`.
    """
    from clawforge.load.project import read_project_file
    from clawforge.load.tree import PROJECT_FILE

    if not (directory / PROJECT_FILE).is_file():
        return None
    file = read_project_file(directory)
    if file is not None and file.org != client.org:
        return None
    found = _prepared(revocation, directory, place)
    named = revocation.key if revocation.version is None else f"{revocation.key} {revocation.version}"
    trailers = (("Clawforge-Revocation", revocation.id),)
    message = CommitMessage(f"Revoke the skill {named}", revocation.reason, "skill revoke", trailers)
    return replace(found, proposed=propose(directory, found.files, message, destination, now))


def _prepared(revocation: RevocationView, directory: Path, place: str | None) -> CodifiedRevocation:
    from clawforge.resource.skill_approval import SkillStatus
    from clawforge.skill.patch import Judgement, SkillContent, revoked
    from clawforge.skill.standing import says_revoked
    from clawforge_cli.project_files import readable_project
    from clawforge_cli.skill_files import approvals_of, patched

    project = readable_project(directory)
    approvals = approvals_of(project)
    wanted = (revocation.key, revocation.version, revocation.digest)
    told = next((item.address for item in approvals if says_revoked(item, *wanted)), None)
    if told is not None:
        return CodifiedRevocation(told=told)
    judgement = Judgement(SkillStatus.REVOKED, revocation.by.rpartition(":")[2], revocation.reason)
    patch = revoked(SkillContent(*wanted), judgement, approvals)
    return CodifiedRevocation(patch, patched(project, patch, place=place))
