"""From a project directory to what is sent to the control plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clawforge.resource.registry import canonical_resource
from clawforge.wire import PlanRequest, Vouched

if TYPE_CHECKING:
    from clawforge.load.project import Project


def plan_request(project: Project, reason: str | None = None, vouched: Vouched | None = None) -> PlanRequest:
    """The project's resources, where they stand, the commit that they come from, and why they change."""
    from clawforge_cli.gitops.local import head_commit

    files = sorted({item.document.file for item in project.resources})
    commit = head_commit(project.root, files)
    return PlanRequest(
        source=project.file.source,
        resources=tuple(canonical_resource(resource) for resource in project.values),
        positions=dict(project.positions),
        commit=commit.id if commit else None,
        commit_author=commit.author if commit else None,
        dirty=commit.dirty if commit else False,
        reason=reason,
        vouched=vouched,
    )
