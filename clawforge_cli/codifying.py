"""What was done by hand, as a policy: in a file of its own, or proposed to git."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.errors import InputError, NotFoundError
from clawforge_cli.gitops.commit_message import CommitMessage
from clawforge_cli.overlay_client import OverlayClient

if TYPE_CHECKING:
    from clawforge.canonical import JsonValue
    from clawforge.resource.policy import Policy
    from clawforge.wire_overlays import OverlayView
    from clawforge_cli.proposing import Destination, Proposed

_MOST_ENDED = 500


@dataclass(frozen=True, slots=True)
class CodifiedOverlay:
    """An overlay and the policy that says what it did; `text` is that as a file of its own. `remarks` are what the
    policy cannot say."""

    overlay: OverlayView
    policy: Policy
    text: str
    remarks: tuple[str, ...] = ()

    def message(self) -> CommitMessage:
        """What a commit of it says."""
        ticket = () if self.overlay.ticket is None else (("Clawforge-Ticket", self.overlay.ticket),)
        verb = "Allow for good" if self.overlay.kind in ("elevation", "grant") else "Stop for good"
        trailers = (("Clawforge-Overlay", self.overlay.id), *ticket)
        return CommitMessage(f"{verb}: {self.overlay.scope}", self.overlay.reason, "overlay codify", trailers)


def codified(
    server: str | None, org: str | None, directory: Path | None, overlay: str, now: dt.datetime
) -> CodifiedOverlay:
    """The policy that says what an overlay does or did, on or ended: a guardrail for what was stopped, a base policy
    for what was lifted. `directory` is the project that it is for.

    Raises NotFoundError, and InputError for what no policy can say.
    """
    from clawforge.overlay.codify import guardrail_value

    client = OverlayClient.chosen(server, org, directory)
    found = next((item for item in client.overlays(_MOST_ENDED).overlays if item.id == overlay), None)
    if found is None:
        raise NotFoundError(f"There is no overlay {overlay!r}.", hint="`clawforge overlay list --ended 20` lists them.")
    if found.kind == "skill":
        raise InputError(
            "A skill that was revoked by hand becomes a SkillApproval, not a guardrail.",
            hint="`clawforge skill revoke` with the same skill and --project writes it.",
            code="not-codified",
        )
    if found.kind in ("elevation", "grant"):
        from clawforge_cli.lifted_source import lasting

        policy = lasting(server, org, directory, overlay, now)
        return _codified(found, policy.value, policy.remarks)
    return _codified(found, guardrail_value(found.scope, found.reason, message=found.message, ticket=found.ticket))


def _codified(overlay: OverlayView, value: dict[str, JsonValue], remarks: tuple[str, ...] = ()) -> CodifiedOverlay:
    from clawforge.layout.new_document import document_text
    from clawforge.load.resource import parse_resource
    from clawforge.resource.policy import Policy

    policy = parse_resource(value)
    if not isinstance(policy, Policy):
        raise InputError(f"No policy can say {overlay.scope}.", code="not-codified")
    return CodifiedOverlay(overlay, policy, document_text(value), remarks)


def put_codified(
    directory: Path, done: CodifiedOverlay, destination: Destination, now: dt.datetime
) -> tuple[str, Proposed]:
    """Put the policy into a project, in a file of its own; the path, and what became of it.

    Raises InputError if a file is there already, or there is no project, and as `proposing.prepare`.
    """
    from clawforge.adoption.live import ChangedText, LiveResource, adopt
    from clawforge.load.project import load_project
    from clawforge_cli.proposing import propose

    project = load_project(directory)
    address = done.policy.address
    found = adopt(project, {address: LiveResource(done.policy, project.file.source)}, [address])
    files = tuple(ChangedText(item.path, item.before, done.text.encode()) for item in found.files)
    if not files or files[0].before is not None:
        place = directory / (files[0].path if files else project.by_address[address].document.file)
        raise InputError(
            f"{place} is there already.", hint="Nothing was written. Leave --write out to see what it would say."
        )
    return str(directory / files[0].path), propose(directory, files, done.message(), destination, now)
