"""Asking for the report on versions: as things are, or as files or a plan would make them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clawforge.errors import InputError

if TYPE_CHECKING:
    from clawforge.wire_versions import VersionReport


def find_versions(
    server: str | None, org: str | None, select: Sequence[str], *, project: Path | None, plan: str | None, limit: int
) -> VersionReport:
    """The report of the control plane. Files are planned first, and the plan is left unapplied.

    Raises InputError for what cannot be understood, and the client's errors.
    """
    from clawforge.fleet_selector import parse_selector
    from clawforge_cli.version_client import VersionClient

    parse_selector(select)
    if project is None:
        return VersionClient.chosen(server, org).versions(select, plan, limit)
    if plan is not None:
        raise InputError("--project and --plan are two ways to say the same.", hint="Leave one of them out.")
    from clawforge_cli.plan_source import Planned
    from clawforge_cli.proposal import EVERYTHING

    planned = Planned.of_project(project, server, EVERYTHING).plan
    if org is not None and org != planned.org:
        raise InputError(f"{project} speaks for the org {planned.org!r}, not for {org!r}.", hint="Leave --org out.")
    return VersionClient.chosen(server, planned.org, project).versions(select, planned.id, limit)
