"""`clawforge codeowners`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge.change_control.code_owners import Forge
from clawforge_cli.arguments import ProjectPath
from clawforge_cli.exit_codes import ExitCode

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def codeowners(
    path: ProjectPath = Path(),
    forge: Annotated[Forge, typer.Option("--forge", help="Whose CODEOWNERS it is.")] = Forge.GITHUB,
    write: Annotated[bool, typer.Option("--write", help="Put it into the CODEOWNERS file of the repository.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit 3 when the file says otherwise.")] = False,
) -> None:
    """Make owners of files from the ChangePolicies. Without an option the lines are only printed."""
    import sys

    from clawforge.errors import InputError
    from clawforge_cli.owners_file import OwnersFile
    from clawforge_cli.project_files import readable_project
    from clawforge_cli.views.terminal import note, safe

    if write and check:
        raise InputError("--check writes nothing.", hint="Leave it or --write out.")
    project = readable_project(path)
    found = OwnersFile.of(project, forge)
    if write or check:
        for remark in found.remarks:
            note(safe(remark))
    if check:
        if found.changed:
            note(f"{safe(found.name)} does not say what the ChangePolicies ask for: `clawforge codeowners --write`.")
            raise typer.Exit(ExitCode.FINDINGS)
    elif not write:
        sys.stdout.write("".join(f"{line}\n" for line in found.lines))
    elif found.changed:
        found.write()
        note(f"{safe(found.name)} is written. Owners count once the protection of the branch asks for them.")
    else:
        note(f"{safe(found.name)} says so already.")
