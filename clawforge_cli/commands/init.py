"""`clawforge init`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.starter import Preset

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def init(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="Directory of the new project.")] = Path(),
    org: Annotated[str | None, typer.Option("--org", help="Org; default is the name of the directory.")] = None,
    admin: Annotated[
        str | None,
        typer.Option("--admin", metavar="EMAIL", help="Who owns the org; default is the user.email of git."),
    ] = None,
    source: Annotated[str, typer.Option("--source", help="Name of what this project owns.")] = "policies",
    preset: Annotated[Preset, typer.Option("--preset", help="How much the first policies allow.")] = Preset.STARTER,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing and take the defaults.")] = False,
) -> None:
    """Write a small project that lints and tests green. What is there stays as it is."""
    from clawforge_cli.new_files import checked_directory, surroundings, write_files
    from clawforge_cli.settings import may_ask
    from clawforge_cli.starter import Choices, checked_name, project_files
    from clawforge_cli.views.new_project import show_new_project
    from clawforge_cli.views.terminal import Printer

    owned = checked_name(source, "a source")
    checked_directory(directory)
    ask = may_ask() and not yes
    named = _org(org, directory, ask=ask)
    choices = Choices(named, _admin(admin, named, directory, ask=ask), owned, preset)
    done = write_files(directory, project_files(choices))
    show_new_project(directory, choices, done, surroundings(directory), Printer())


def _org(given: str | None, directory: Path, *, ask: bool) -> str:
    """Raises InputError for a name that no org can have, and if there is none."""
    from clawforge.errors import InputError
    from clawforge_cli.starter import checked_name, name_for

    if given is not None:
        return checked_name(given, "an org")
    suggested = name_for(directory)
    if ask:
        return _answer("Name of the org", suggested, lambda text: checked_name(text, "an org"))
    if suggested is None:
        name = directory.resolve().name
        raise InputError(f"No name for the org can be made of {name!r}.", hint="Pass one: --org acme.")
    return suggested


def _admin(given: str | None, org: str, directory: Path, *, ask: bool) -> str:
    """Raises InputError for what is no e-mail address. What git says and is none is not taken."""
    from clawforge.errors import InputError
    from clawforge_cli.gitops.identity import configured_email
    from clawforge_cli.starter import checked_email, made_up_admin

    if given is not None:
        return checked_email(given)
    try:
        suggested = checked_email(configured_email(directory) or "")
    except InputError:
        suggested = made_up_admin(org)
    return _answer("E-mail of its admin", suggested, checked_email) if ask else suggested


def _answer(question: str, suggested: str | None, checked: Callable[[str], str]) -> str:
    """What the person at the terminal says, asked again until it can be used."""
    from clawforge.errors import InputError
    from clawforge_cli.views.terminal import note, safe

    while True:
        said: str = typer.prompt(question, default=suggested, err=True)
        try:
            return checked(said.strip())
        except InputError as error:
            note(f"{safe(error.message)} {safe(error.hint)}")
