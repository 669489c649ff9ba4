"""What a cycle would plan now, without a lease: nothing is applied, and no other process is disturbed."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from clawforge.reconcile.condition import ConditionType
from clawforge_cli.gitops.checked_commit import checked_commit
from clawforge_cli.gitops.commit_plan import made_plan
from clawforge_cli.gitops.step_errors import step

if TYPE_CHECKING:
    from clawforge.load.reconciler_file import SourceSettings
    from clawforge.plan import Plan
    from clawforge_cli.gitops.reconciling import Reconciler


def planned(reconciler: Reconciler, settings: SourceSettings) -> Plan:
    """The plan of the head of a source. Signatures are checked as in a first cycle, and not vouched for. Raises
    StepError."""
    wanted, plane = reconciler.cycle_settings(settings), reconciler.plane_of(settings)
    with step(ConditionType.FETCHED):
        source = reconciler.source_of(settings)
        head = source.fetch()
    with step(ConditionType.VERIFIED):
        trusted = source.trusted(None, head)
    with step(ConditionType.PLANNED, wanted.expected.path):
        with source.files(head) as files:
            manifest = checked_commit(files, wanted.expected, dt.datetime.now(dt.UTC))
        return made_plan(plane, manifest, source.facts(head), trusted, wanted.branch, None, prune=wanted.prune).plan
