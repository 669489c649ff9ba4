"""Where an explanation comes from: the files at hand, or what was applied."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from clawforge.analysis.explanation import Explanation
from clawforge.resolve.subject import Subject


def explained_by_files(
    path: Path, subject: Subject, moment: dt.datetime, tool: str | None, params: dict[str, Any], *, misses: bool
) -> Explanation:
    """Derive from a project directory; nothing else is asked."""
    from clawforge.analysis.explanation import explain
    from clawforge.decide.simulate import Simulator
    from clawforge.resolve.org import OrgModel
    from clawforge_cli.project_files import open_project
    from clawforge_cli.subject_options import declared_name, note_unknown

    project = open_project(path)
    note_unknown(project, subject)
    known = subject.model_copy(update={"user": declared_name(project, subject.user)})
    org = OrgModel(project.values)
    decision = None
    if tool is not None:
        decision = Simulator(org, project.positions).judge(known, tool, params, moment).decision
    return explain(org, project.values, known, moment, project.positions, misses=misses, decision=decision)


def explained_by_server(
    path: Path,
    org: str | None,
    server: str | None,
    subject: Subject,
    moment: dt.datetime | None,
    tool: str | None,
    params: dict[str, Any],
    *,
    misses: bool,
) -> Explanation:
    """Ask the control plane, which derives from its present state."""
    from clawforge.wire_asking import ExplainRequest
    from clawforge_cli.asking_client import AskingClient

    request = ExplainRequest(
        user=subject.user,
        instance=subject.instance,
        agent=subject.agent,
        context=subject.context,
        groups=subject.groups,
        tags=subject.tags,
        at=moment,
        misses=misses,
        tool=tool,
        params=params,
    )
    return AskingClient.chosen(server, org, path).explain(request)
