"""`clawforge user`: declared users, and stopping one at once."""

from __future__ import annotations

from typing import Annotated

import typer

from clawforge_cli.arguments import Format, Org, Server, TextOrJson

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

UserName = Annotated[str, typer.Argument(metavar="USER", help="User, by name or email address.")]


@app.callback()
def user() -> None:
    """Declared users, and stopping one at once."""


@app.command(name="list")
def list_(server: Server = None, org: Org = None, format: Format = TextOrJson.TEXT) -> None:
    """List declared users, their roles, and who of them is suspended."""
    from clawforge_cli.identity_client import IdentityClient
    from clawforge_cli.views import human_identity, json_documents
    from clawforge_cli.views.terminal import Printer

    found = IdentityClient.chosen(server, org).users()
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_identity.show_users(found, Printer())


@app.command()
def suspend(
    user: UserName,
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept in the log.")],
    server: Server = None,
    org: Org = None,
) -> None:
    """Stop a user at once: every session and key of theirs ends, and their agents may do nothing any more."""
    from clawforge.errors import InputError
    from clawforge_cli.identity_client import IdentityClient
    from clawforge_cli.views import human_identity

    if not reason.strip():
        raise InputError("--reason says nothing.")
    answer = IdentityClient.chosen(server, org).suspend(user.removeprefix("User/"), reason)
    human_identity.note_suspended(answer)


@app.command()
def activate(user: UserName, server: Server = None, org: Org = None) -> None:
    """Lift a suspension: what the files say counts again. The user has to sign in anew."""
    from clawforge_cli.identity_client import IdentityClient
    from clawforge_cli.views.terminal import note, safe

    answer = IdentityClient.chosen(server, org).activate(user.removeprefix("User/"))
    note(f"{safe(answer.user)} is {answer.state}, as the files say.")


@app.command(name="reset-identity")
def reset_identity(user: UserName, server: Server = None, org: Org = None) -> None:
    """Let another account of the single sign-on provider sign in as a user; every session and key of theirs ends."""
    from clawforge_cli.identity_client import IdentityClient
    from clawforge_cli.sign_in_client import SignInClient
    from clawforge_cli.views.terminal import note, safe

    client = IdentityClient.chosen(server, org)
    name = user.removeprefix("User/")
    SignInClient(client.connection.server, client.connection.token).release_identity(client.org, name)
    note(f"Whoever signs in next with the address of {safe(name)} is that user from then on.")


@app.command()
def invite(user: UserName, server: Server = None, org: Org = None) -> None:
    """Print what a declared user does to sign in for the first time."""
    from clawforge.errors import InputError
    from clawforge_cli.identity_client import IdentityClient
    from clawforge_cli.sign_in_client import SignInClient
    from clawforge_cli.views import human_identity
    from clawforge_cli.views.terminal import Printer

    client = IdentityClient.chosen(server, org)
    wanted = user.removeprefix("User/")
    found = next((item for item in client.users().users if wanted in {item.user, item.email}), None)
    if found is None:
        raise InputError(
            f"The org {client.org!r} has no user {wanted!r}.",
            hint="Declare the user in the files and apply, then invite.",
        )
    if found.state != "active":
        raise InputError(f"{found.user} is suspended.", hint="`clawforge user list` says by whom.")
    server_address = client.connection.server
    signing_in = SignInClient(server_address, client.connection.token)
    methods = signing_in.methods(client.org)
    code = None
    if methods.oidc is None:
        if not methods.passwords:
            raise InputError(
                f"Nobody can sign in to the org {client.org!r}.",
                hint="Set `sso` or `passwords` in its Organization and apply, then invite.",
            )
        code = signing_in.offer_password(client.org, found.user).code
    human_identity.show_invitation(found, server_address, client.org, code, Printer())
