"""`clawforge pre-commit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import ProjectPath
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command(name="pre-commit")
def pre_commit(
    path: ProjectPath = Path(),
    write: Annotated[bool, typer.Option("--write", help="Put it into the repository's configuration.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 3 when the file says otherwise.")] = False,
) -> None:
    """Make hooks of pre-commit from the ChangePolicies. Without an option the lines are only printed."""
    import sys

    from clawforge.errors import InputError
    from clawforge_cli.hooks_file import FILE, HooksFile
    from clawforge_cli.project_files import readable_project
    from clawforge_cli.views.terminal import note

    if write and check:
        raise InputError("--check writes nothing.", hint="Leave it or --write out.")
    found = HooksFile.of(readable_project(path))
    if check:
        if found.changed:
            note(f"{FILE} does not have the hooks that the ChangePolicies ask for: `clawforge pre-commit --write`.")
            raise typer.Exit(ExitCode.FINDINGS)
    elif not write:
        sys.stdout.write("".join(f"{line}\n" for line in found.lines))
    elif found.changed:
        found.write()
        note(f"{FILE} is written. `pre-commit install` once makes them run.")
    else:
        note(f"{FILE} says so already.")
