"""`clawforge init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.starter import Preset

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of the new project.")] = Path(),
    org: Annotated[str | None, typer.Option("--org", help="Org; default is the name of the directory.")] = None,
    source: Annotated[str, typer.Option("--source", help="Name of what this project owns.")] = "policies",
    preset: Annotated[Preset, typer.Option("--preset", help="How much the first policies allow.")] = Preset.STARTER,
) -> None:
    """Write a small project that lints and tests green. Overwrites nothing."""
    from clawforge_cli.settings import may_ask
    from clawforge_cli.starter import Choices, checked_name, name_for, project_files, write_project
    from clawforge_cli.views.new_project import show_next_steps
    from clawforge_cli.views.terminal import Printer

    chosen = org
    if chosen is None:
        suggested = name_for(directory)
        chosen = typer.prompt("Name of the org", default=suggested, err=True) if may_ask() else suggested
    choices = Choices(checked_name(chosen, "an org"), checked_name(source, "a source"), preset)
    texts = project_files(choices)
    write_project(directory, texts)
    show_next_steps(directory, choices, len(texts), Printer())
