"""Who decides a call for `can`: the files at hand, or the control plane's present state."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from clawforge.decide.request import Decision
from clawforge.resolve.subject import Subject


def judged_by_files(path: Path, subject: Subject, tool: str, params: dict[str, Any], moment: dt.datetime) -> Decision:
    """Decide from a project directory; nothing else is asked."""
    from clawforge.decide.simulate import Simulator
    from clawforge.resolve.org import OrgModel
    from clawforge_cli.project_files import open_project
    from clawforge_cli.subject_options import declared_name, note_unknown

    project = open_project(path)
    note_unknown(project, subject)
    known = subject.model_copy(update={"user": declared_name(project, subject.user)})
    simulator = Simulator(OrgModel(project.values), project.positions)
    return simulator.judge(known, tool, params, moment).decision


def judged_by_server(
    path: Path,
    org: str | None,
    server: str | None,
    subject: Subject,
    tool: str,
    params: dict[str, Any],
    moment: dt.datetime | None,
) -> Decision:
    """Ask the control plane."""
    from clawforge.wire import DecideRequest
    from clawforge_cli.client import ControlPlane
    from clawforge_cli.org_choice import choose_org
    from clawforge_cli.settings import connection

    chosen = choose_org(path, org)
    request = DecideRequest(
        user=subject.user,
        tool=tool,
        params=params,
        instance=subject.instance,
        agent=subject.agent,
        context=subject.context,
        groups=subject.groups,
        tags=subject.tags,
        at=moment,
    )
    return ControlPlane(connection(server, project_server=chosen.server, org=chosen.org)).decide(chosen.org, request)
