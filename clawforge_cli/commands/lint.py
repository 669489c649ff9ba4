"""`clawforge lint`."""

from __future__ import annotations

from pathlib import Path

import typer

from clawforge_cli.arguments import Format, ProjectPath, TextOrJson
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def lint(path: ProjectPath = Path(), format: Format = TextOrJson.TEXT) -> None:
    """Check the files of a project: every problem of every file in one run. Exit 3 when there are errors."""
    from clawforge.diagnostic import has_errors
    from clawforge.lint.engine import diagnose
    from clawforge.load.project import load_project
    from clawforge_cli.views import human_problems, json_documents
    from clawforge_cli.views.terminal import Printer

    project = load_project(path)
    diagnostics = diagnose(project)
    if format is TextOrJson.JSON:
        json_documents.show_diagnostics(diagnostics)
    else:
        printer = Printer()
        human_problems.show_diagnostics(diagnostics, printer)
        files = len({item.document.file for item in project.resources})
        printer.line(human_problems.count_line(diagnostics, files, len(project.resources)))
    if has_errors(diagnostics):
        raise typer.Exit(ExitCode.FINDINGS)
