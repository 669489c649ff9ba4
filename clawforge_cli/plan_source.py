"""A plan, and where it comes from: the files, a saved plan, or the control plane's keeping."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge_cli.client import ControlPlane, RefusedError

if TYPE_CHECKING:
    from clawforge.plan import Plan
    from clawforge.wire import PlanRequest
    from clawforge_cli.manifest import Manifest
    from clawforge_cli.proposal import PlanOptions

_BAD_FILES = frozenset({"invalid-resources", "lint-errors"})
_PLAN_ID = re.compile(r"plan-[A-Za-z0-9_-]{16,64}")


def is_plan_id(text: str) -> bool:
    """Whether this is how the control plane names plans."""
    return _PLAN_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and the control plane that it is for. `again` makes it anew; None where only this very plan counts.
    `manifest` is there if all of it is planned: once that is applied it is what is in force."""

    control_plane: ControlPlane
    plan: Plan
    again: Callable[[], Plan] | None = None
    manifest: Manifest | None = None

    @classmethod
    def of_project(cls, path: Path, server: str | None, options: PlanOptions) -> Planned:
        """The plan of the files of a directory."""
        from clawforge_cli.project_files import manifest_of
        from clawforge_cli.proposal import plan_request
        from clawforge_cli.settings import connection

        manifest = manifest_of(path)
        file = manifest.file
        control_plane = ControlPlane(connection(server, project_server=file.server, org=file.org))
        request = plan_request(manifest, options)

        def again() -> Plan:
            return made_plan(control_plane, manifest, request)

        return cls(control_plane, again(), again, manifest if options.scope.is_everything else None)


def made_plan(control_plane: ControlPlane, manifest: Manifest, request: PlanRequest) -> Plan:
    """The plan of what the files declare. Raises FindingsError after showing what is wrong with them, when the control
    plane refuses them for it: it is here that the files stand."""
    from clawforge_cli.project_files import open_project

    try:
        return control_plane.create_plan(manifest, request)
    except RefusedError as error:
        if error.code in _BAD_FILES:
            open_project(manifest.root)
        raise


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
