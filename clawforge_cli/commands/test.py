"""`clawforge test`."""

from __future__ import annotations

from pathlib import Path

import typer

from clawforge_cli.arguments import Format, ProjectPath, TextOrJson
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def test(path: ProjectPath = Path(), format: Format = TextOrJson.TEXT) -> None:
    """Run every PolicyTest of a project. Exit 3 when a case fails."""
    from clawforge.decide.simulate import Simulator
    from clawforge.policy_tests import run_policy_tests
    from clawforge.resolve.org import OrgModel
    from clawforge_cli.project_files import open_project
    from clawforge_cli.views import human_problems, json_documents
    from clawforge_cli.views.terminal import Printer

    project = open_project(path)
    results = run_policy_tests(project.values, Simulator(OrgModel(project.values), project.positions))
    placed = [(result, project.by_address[result.address].location(result.pointer)) for result in results]
    if format is TextOrJson.JSON:
        json_documents.show_cases(placed)
    else:
        human_problems.show_cases(placed, Printer())
    if any(not result.passed for result in results):
        raise typer.Exit(ExitCode.FINDINGS)
