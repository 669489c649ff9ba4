"""`clawforge login`: sign in, and keep the session for the next commands."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from clawforge_cli.arguments import Format, Org, ProjectPath, Server, TextOrJson

if TYPE_CHECKING:
    from clawforge.secret import Secret
    from clawforge.wire_identity import SessionAnswer, SignInRequest
    from clawforge_cli.session.vault import Vault
    from clawforge_cli.sign_in_client import SignInClient

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def login(
    path: ProjectPath = Path(),
    server: Server = None,
    org: Org = None,
    device: Annotated[bool, typer.Option("--device", help="Show a code to type on another device.")] = False,
    by_password: Annotated[
        bool,
        typer.Option(
            "--password",
            help="Ask for email address and password, where the org allows them.",
        ),
    ] = False,
    federated: Annotated[
        str | None,
        typer.Option("--federated", metavar="ACCOUNT", help="Sign in a pipeline as this service account."),
    ] = None,
    audience: Annotated[
        str | None,
        typer.Option("--audience", help="Audience that a pipeline's token is asked for; the server's address else."),
    ] = None,
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open a browser, or only print the address.")
    ] = True,
    format: Format = TextOrJson.TEXT,
) -> None:
    """Sign in to a control plane."""
    from clawforge.errors import InputError
    from clawforge_cli.org_choice import choose_org
    from clawforge_cli.session.record import stored
    from clawforge_cli.session.vault import Vault
    from clawforge_cli.settings import named_server, state_directory
    from clawforge_cli.sign_in_client import SignInClient
    from clawforge_cli.views import signed_in

    if sum((device, by_password, federated is not None)) > 1:
        raise InputError("--device, --password and --federated exclude one another.", hint="Give one of them, or none.")
    chosen = choose_org(path, org)
    address = named_server(server, chosen.server)
    client = SignInClient(address)
    if federated is not None:
        from clawforge_cli.oidc.pipeline_session import pipeline_request

        request = pipeline_request(federated, audience or address)
    elif by_password:
        request = _password_request()
    else:
        request = _provider_request(client, chosen.org, device=device, browser=browser)
    answer = client.sign_in(chosen.org, request)
    vault = Vault(state_directory())
    with vault.locked():
        _replace(vault, address, answer)
        in_keyring = vault.keep(stored(address, answer))
    signed_in.show(address, answer, "the keyring" if in_keyring else str(vault.path), json=format is TextOrJson.JSON)


def _replace(vault: Vault, server: str, answer: SessionAnswer) -> None:
    """End the session that stood there before: what nobody uses any more should be good for nobody."""
    from clawforge.errors import ClawforgeError
    from clawforge_cli.session.ending import end_on_server

    before = vault.find(server, answer.org)
    tokens = None if before is None else vault.tokens(before)
    if before is None or tokens is None:
        return
    try:
        end_on_server(before, tokens)
    except ClawforgeError:
        # It has ended already, or ends by itself.
        return


def _provider_request(client: SignInClient, org: str, *, device: bool, browser: bool) -> SignInRequest:
    from clawforge.errors import InputError
    from clawforge.wire_identity import SignInRequest
    from clawforge_cli.oidc.code_flow import sign_in_by_browser
    from clawforge_cli.oidc.device_flow import sign_in_by_device
    from clawforge_cli.oidc.provider import Provider
    from clawforge_cli.views import sign_in_prompt

    methods = client.methods(org)
    if methods.oidc is None:
        hint = "Sign in with --password." if methods.passwords else "Check --org; a service account needs --federated."
        raise InputError(f"The org {org!r} has no single sign-on on this server.", hint=hint)
    provider = Provider(methods.oidc.issuer, methods.oidc.client_id)
    token: Secret
    if device:
        token = sign_in_by_device(provider, sign_in_prompt.show_device)
    else:
        token = sign_in_by_browser(provider, lambda url: sign_in_prompt.show_address(url, open_browser=browser))
    return SignInRequest(grant="oidc", token=token.reveal())


def _password_request() -> SignInRequest:
    from clawforge.errors import InputError
    from clawforge.wire_identity import SignInRequest
    from clawforge_cli.settings import may_ask

    if not may_ask():
        raise InputError(
            "There is nobody to ask for a password here.",
            hint="A pipeline signs in with --federated, or with an API key in CLAWFORGE_TOKEN.",
        )
    email = typer.prompt("Email address", err=True).strip()
    password = typer.prompt("Password", hide_input=True, err=True)
    if not 3 <= len(email) <= 320 or not 1 <= len(password) <= 1024:
        raise InputError("That cannot be an email address and a password.")
    return SignInRequest(grant="password", email=email, password=password)
