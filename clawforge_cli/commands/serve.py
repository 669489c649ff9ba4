"""`clawforge serve`: becomes the server's program; the command line and the server share no code but the library."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from clawforge.errors import InputError

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def serve(
    data: Annotated[Path, typer.Option("--data", help="Directory for the database and the bootstrap token.")],
    listen: Annotated[str, typer.Option("--listen", help="Address to listen on, HOST:PORT.")] = "127.0.0.1:8733",
    tls_cert: Annotated[Path | None, typer.Option("--tls-cert", help="Certificate chain, PEM.")] = None,
    tls_key: Annotated[Path | None, typer.Option("--tls-key", help="Private key of the certificate, PEM.")] = None,
    behind_proxy: Annotated[
        bool,
        typer.Option("--behind-proxy", help="A proxy in front ends TLS; allows a public address without it."),
    ] = False,
    master_key_file: Annotated[
        Path | None, typer.Option("--master-key-file", help="The key that seals private keys; default: in --data.")
    ] = None,
    master_key_command: Annotated[
        str | None, typer.Option("--master-key-command", help="A command that prints it, such as a KMS's client.")
    ] = None,
    issuer_ca: Annotated[
        Path | None, typer.Option("--issuer-ca", help="Further authorities that vouch for OIDC issuers, PEM.")
    ] = None,
    allow_private_issuers: Annotated[
        bool, typer.Option("--allow-private-issuers", help="Let OIDC issuers have addresses that are not public.")
    ] = False,
    requests_per_minute: Annotated[
        int | None,
        typer.Option("--requests-per-minute", min=1, help="Most requests of one person, pipeline or agent."),
    ] = None,
    reconcile: Annotated[
        Path | None,
        typer.Option("--reconcile", metavar="FILE", help="Run this reconciler beside it; both end together."),
    ] = None,
) -> None:
    """Run the control plane until it is stopped."""
    from importlib.util import find_spec

    if find_spec("clawforge_server") is None or find_spec("granian") is None:
        raise InputError("The server is not installed.", hint="Install it with `pip install 'clawforge[server]'`.")
    command = [sys.executable, "-m", "clawforge_server", "--data", str(data), "--listen", listen]
    if tls_cert is not None:
        command += ["--tls-cert", str(tls_cert)]
    if tls_key is not None:
        command += ["--tls-key", str(tls_key)]
    if behind_proxy:
        command.append("--behind-proxy")
    if master_key_file is not None:
        command += ["--master-key-file", str(master_key_file)]
    if master_key_command is not None:
        command += ["--master-key-command", master_key_command]
    if issuer_ca is not None:
        command += ["--issuer-ca", str(issuer_ca)]
    if allow_private_issuers:
        command.append("--allow-private-issuers")
    if requests_per_minute is not None:
        command += ["--requests-per-minute", str(requests_per_minute)]
    sys.stdout.flush()
    if reconcile is not None:
        from clawforge_cli.both_processes import run_both

        beside = [sys.executable, "-m", "clawforge_cli", "reconcile", "--config", str(reconcile)]
        raise typer.Exit(run_both([command, beside]))
    os.execv(sys.executable, command)  # noqa: S606 - our own interpreter and module, no shell
