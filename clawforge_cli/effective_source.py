"""Where an effective policy comes from: the files at hand, or what was applied."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

from clawforge.resolve.subject import Subject
from clawforge.resource.meta import format_instant
from clawforge.wire import EffectiveView


def effective_from_files(path: Path, subject: Subject, moment: dt.datetime) -> EffectiveView:
    """Resolve from a project directory; nothing else is asked."""
    from clawforge.resolve.org import OrgModel
    from clawforge.resolve.view import effective_view
    from clawforge_cli.project_files import open_project
    from clawforge_cli.subject_options import declared_name, note_unknown

    project = open_project(path)
    note_unknown(project, subject)
    known = subject.model_copy(update={"user": declared_name(project, subject.user)})
    return effective_view(OrgModel(project.values), known, moment, project.positions)


def effective_from_server(
    path: Path, org: str | None, server: str | None, subject: Subject, moment: dt.datetime
) -> EffectiveView:
    """Ask the control plane, which resolves from its present state."""
    from clawforge_cli.client import ControlPlane
    from clawforge_cli.org_choice import choose_org
    from clawforge_cli.settings import connection

    chosen = choose_org(path, org)
    query: dict[str, str | list[str]] = {"user": subject.user, "at": format_instant(moment)}
    for key, value in (
        ("instance", subject.instance),
        ("agent", subject.agent),
        ("context", subject.context),
    ):
        if value is not None:
            query[key] = value
    query["group"] = list(subject.groups)
    query["tag"] = [f"{key}={value}" for key, value in subject.tags.items()]
    return ControlPlane(connection(server, project_server=chosen.server, org=chosen.org)).effective(chosen.org, query)
