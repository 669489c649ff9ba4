"""What was checked of an offline plan, on standard error beside the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clawforge_cli.views.terminal import note, safe

if TYPE_CHECKING:
    from clawforge.load.project import Project
    from clawforge.proposal_checks import ProposalChecks


def show_checks(checked: ProposalChecks, project: Project) -> None:
    """One line a check, after each what is wrong. Resources of the base that are not the project's have no place."""
    for check in checked.checks:
        counted = f"{check.failed} failed" if check.failed else f"{check.passed} passed"
        note(f"Check {check.name}: {counted}.")
        if check.name == "lint":
            for finding in checked.errors:
                where = _place(project, finding.address, finding.pointer)
                note(f"  {where}error[{finding.code}]: {safe(finding.message)}")
        else:
            for result in checked.failed:
                where = _place(project, result.address, result.pointer)
                note(f"  {where}{safe(result.address)} '{safe(result.case.name)}': {safe(result.failure)}")
    if not checked.passed:
        note("A control plane would refuse this plan.")


def _place(project: Project, address: str, pointer: str) -> str:
    loaded = project.by_address.get(address)
    return "" if loaded is None else f"{safe(loaded.location(pointer))}: "
