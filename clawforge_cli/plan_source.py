"""A plan, and where it comes from: the files, a saved plan, or the control plane's keeping."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge_cli.client import ControlPlane

if TYPE_CHECKING:
    from clawforge.load.project import Project
    from clawforge.plan import Plan
    from clawforge_cli.proposal import PlanOptions

_PLAN_ID = re.compile(r"plan-[A-Za-z0-9_-]{16,64}")


def is_plan_id(text: str) -> bool:
    """Whether this is how the control plane names plans."""
    return _PLAN_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and the control plane that it is for. `again` makes it anew; None where only this very plan counts.
    `project` is there if all of it is planned: once that is applied it is what is in force."""

    control_plane: ControlPlane
    plan: Plan
    again: Callable[[], Plan] | None = None
    project: Project | None = None

    @classmethod
    def of_project(cls, path: Path, server: str | None, options: PlanOptions) -> Planned:
        """The plan of the files of a directory."""
        from clawforge_cli.project_files import open_project
        from clawforge_cli.proposal import plan_request
        from clawforge_cli.settings import connection

        project = open_project(path)
        org = project.file.org
        control_plane = ControlPlane(connection(server, project_server=project.file.server, org=org))
        request = plan_request(project, options)

        def again() -> Plan:
            return control_plane.create_plan(org, request)

        return cls(control_plane, again(), again, project if options.scope.is_everything else None)


def kept_plan(plan: str, server: str | None, org: str | None) -> Planned:
    """The plan that the control plane keeps under an id, with what reviewers said."""
    from clawforge_cli.review_client import ReviewClient

    client = ReviewClient.chosen(server, org)
    return Planned(client, client.plan(plan))


def saved_plan(path: Path, server: str | None) -> Planned:
    """The plan of a file. Raises InputError."""
    from clawforge_cli.saved_plan import read_plan
    from clawforge_cli.settings import connection

    plan = read_plan(path)
    return Planned(ControlPlane(connection(server, org=plan.org)), plan)
