"""`clawforge password`: let somebody set a password, and set one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from clawforge_cli.arguments import Org, Server

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)


@app.callback()
def password() -> None:
    """Let somebody set a password, and set one."""


@app.command()
def reset(
    user: Annotated[str, typer.Argument(metavar="USER", help="User, by name or email address.")],
    server: Server = None,
    org: Org = None,
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Data directory of a stopped server on this machine, instead of a server."),
    ] = None,
) -> None:
    """Print a code with which the user sets a password, once, within a day."""
    from clawforge_cli.org_choice import choose_org

    chosen = choose_org(Path(), org)
    if data is not None:
        _on_host(data, chosen.org, user)
    from clawforge_cli.settings import connection
    from clawforge_cli.sign_in_client import SignInClient

    found = connection(server, project_server=chosen.server, org=chosen.org)
    typer.echo(SignInClient(found.server, found.token).offer_password(chosen.org, user.removeprefix("User/")).code)


@app.command(name="set")
def set_(server: Server = None) -> None:
    """Set your password by a code from an administrator; every session of yours ends."""
    from clawforge.errors import InputError
    from clawforge_cli.settings import may_ask, named_server
    from clawforge_cli.sign_in_client import SignInClient
    from clawforge_cli.views.terminal import note, safe

    client = SignInClient(named_server(server))
    if not may_ask():
        raise InputError("There is nobody to ask for a password here.", hint="Run this in a terminal.")
    code = typer.prompt("Code", hide_input=True, err=True).strip()
    chosen = typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    if not 1 <= len(code) <= 512 or not 1 <= len(chosen) <= 1024:
        raise InputError("That cannot be a code and a password.")
    answer = client.set_password(code, chosen)
    note(f"The password of user:{safe(answer.user)} in the org {safe(answer.org)} is set.")


def _on_host(data: Path, org: str, user: str) -> None:
    """Become the server's own program for it; command line and server share no code but the library."""
    import os
    import sys
    from importlib.util import find_spec

    from clawforge.errors import InputError

    if find_spec("clawforge_server") is None:
        raise InputError("The server is not installed.", hint="Install it with `pip install 'clawforge[server]'`.")
    command = [sys.executable, "-m", "clawforge_server.reset_password", "--data", str(data), "--org", org, "--", user]
    sys.stdout.flush()
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter and module, no shell
