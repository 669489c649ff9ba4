"""`clawforge token`: API keys for what has no single sign-on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Format, Org, Server, TextOrJson

if TYPE_CHECKING:
    from clawforge.wire_identity import KeyAnswer

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)

KeyId = Annotated[str, typer.Argument(metavar="ID", help="Id of the key, as `token list` shows it.")]


@app.callback()
def token() -> None:
    """API keys for what has no single sign-on."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")],
    permission: Annotated[
        list[str], typer.Option("--permission", help="What it is good for, such as plans:create; may be repeated.")
    ],
    service_account: Annotated[
        str | None, typer.Option("--service-account", metavar="NAME", help="For this service account; oneself else.")
    ] = None,
    network: Annotated[
        list[str] | None, typer.Option("--network", metavar="CIDR", help="Good from here only; may be repeated.")
    ] = None,
    ttl: Annotated[str, typer.Option("--ttl", metavar="DURATION", help="How long it is good.")] = "90d",
    server: Server = None,
    org: Org = None,
) -> None:
    """Make an API key. Only the key is printed on standard output; it is shown once."""
    from pydantic import ValidationError

    from clawforge.errors import InputError
    from clawforge.resource.meta import parse_duration
    from clawforge.wire_identity import KeyRequest
    from clawforge_cli.identity_client import IdentityClient

    try:
        request = KeyRequest(
            name=name,
            permissions=tuple(permission),
            service_account=None if service_account is None else service_account.removeprefix("ServiceAccount/"),
            networks=tuple(network or ()),
            ttl=parse_duration(ttl),
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise InputError(f"{where}: {first['msg'].removeprefix('Value error, ')}.") from error
    except ValueError as error:
        raise InputError(f"--ttl: {error}.") from error
    _show(IdentityClient.chosen(server, org).create_key(request))


@app.command(name="list")
def list_(server: Server = None, org: Org = None, format: Format = TextOrJson.TEXT) -> None:
    """List API keys: all of the org for whoever may see them, one's own else."""
    from clawforge_cli.identity_client import IdentityClient
    from clawforge_cli.views import human_identity, json_documents
    from clawforge_cli.views.terminal import Printer

    found = IdentityClient.chosen(server, org).keys()
    if format is TextOrJson.JSON:
        json_documents.show(found.model_dump(mode="json", by_alias=True))
    else:
        human_identity.show_keys(found, Printer())


@app.command()
def revoke(key: KeyId, server: Server = None, org: Org = None) -> None:
    """Take an API key back, and every key that was made with it. They are dead at once."""
    from clawforge_cli.identity_client import IdentityClient
    from clawforge_cli.views.terminal import note, safe

    IdentityClient.chosen(server, org).revoke_key(key)
    note(f"The key {safe(key)} is revoked.")


@app.command()
def rotate(
    key: KeyId,
    overlap: Annotated[
        str, typer.Option("--overlap", metavar="DURATION", help="How long the old key works on beside the new one.")
    ] = "1d",
    server: Server = None,
    org: Org = None,
) -> None:
    """Make a new key in place of an old one. Only the key is printed on standard output; it is shown once."""
    from pydantic import ValidationError

    from clawforge.errors import InputError
    from clawforge.resource.meta import parse_duration
    from clawforge.wire_identity import RotateRequest
    from clawforge_cli.identity_client import IdentityClient

    try:
        request = RotateRequest(overlap=parse_duration(overlap))
    except ValidationError as error:
        raise InputError("--overlap: 30 days are the most.") from error
    except ValueError as error:
        raise InputError(f"--overlap: {error}.") from error
    _show(IdentityClient.chosen(server, org).rotate_key(key, request))


def _show(answer: KeyAnswer) -> None:
    from clawforge.resource.meta import format_instant
    from clawforge_cli.views.terminal import note, safe

    note(f"Key {safe(answer.id)} of {safe(answer.holder)}, good until {format_instant(answer.expires_at)}:")
    typer.echo(answer.token)
