"""What was done by hand, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from clawforge.errors import InputError, NotFoundError
from clawforge.resource.meta import Ref
from clawforge_cli.overlay_client import OverlayClient

_MOST_ENDED = 500


class CodifiedPolicy(NamedTuple):
    """A guardrail as the text of a file, and the path of that file in a project."""

    path: str
    text: str


def codified(client: OverlayClient, overlay: str) -> CodifiedPolicy:
    """The guardrail that says what an overlay does, on or ended.

    Raises NotFoundError, and InputError for what no guardrail can say.
    """
    from clawforge.adoption.places import place_of
    from clawforge.layout.new_document import document_text
    from clawforge.overlay.codify import guardrail_name, guardrail_value
    from clawforge.overlay.kill_scope import parse_kill_scope

    found = next((item for item in client.overlays(_MOST_ENDED).overlays if item.id == overlay), None)
    if found is None:
        raise NotFoundError(f"There is no overlay {overlay!r}.", hint="`clawforge overlay list --ended 20` lists them.")
    if found.kind == "skill":
        raise InputError(
            "A skill that was revoked by hand becomes a SkillApproval, not a guardrail.",
            hint="`clawforge skill revoke` with the same skill and --project writes it.",
            code="not-codified",
        )
    if found.kind not in ("kill", "quarantine"):
        raise InputError(
            "What was lifted for a while is made to stay by the policy that forbids it.",
            hint="`clawforge explain` names that policy, with file and line; loosen it there and have it reviewed.",
            code="not-codified",
        )
    value = guardrail_value(found.scope, found.reason, message=found.message, ticket=found.ticket)
    name = guardrail_name(parse_kill_scope(found.scope))
    return CodifiedPolicy(place_of(Ref("Policy", name)), document_text(value))


def write_codified(directory: Path, policy: CodifiedPolicy) -> str:
    """Write it into a project; the path. Raises InputError if a file is there already, or there is no project."""
    from clawforge.load.project import load_project
    from clawforge_cli.new_files import write_files

    load_project(directory)
    if write_files(directory, {policy.path: policy.text}).kept:
        raise InputError(
            f"{directory / policy.path} is there already.",
            hint="Nothing was written. Leave --write out to see what it would say.",
        )
    return str(directory / policy.path)
