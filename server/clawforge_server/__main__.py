"""`python -m clawforge_server`: check, prepare, serve."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path
from typing import NoReturn

from clawforge.errors import ClawforgeError
from clawforge_server.auth.request_limits import REQUESTS_PER_MINUTE
from clawforge_server.settings import Settings, TlsFiles, parse_listen, refuse_open_door
from clawforge_server.startup_error import StartupError


class _Parser(argparse.ArgumentParser):
    """Wrong usage ends like every other reason not to start: with a sentence and exit code 1."""

    def error(self, message: str) -> NoReturn:
        """Raise StartupError."""
        raise StartupError(f"{message[:1].upper()}{message[1:]}.", hint="See `--help`.")


def main(arguments: list[str] | None = None) -> int:
    """The exit code: 0 after a clean stop, 1 when the server cannot start."""
    try:
        _run(_settings(arguments))
    except ClawforgeError as error:
        sys.stderr.write(f"error: {error.message}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        return 1
    return 0


def _settings(arguments: list[str] | None) -> Settings:
    parser = _Parser(prog="clawforge serve", description="Run the control plane.")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR", help="directory that the server owns")
    parser.add_argument("--listen", default="127.0.0.1:8733", metavar="HOST:PORT", help="default: %(default)s")
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="PEM file of the certificate chain")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="PEM file of the private key")
    parser.add_argument(
        "--behind-proxy",
        "--proxy-headers",
        action="store_true",
        help="a proxy in front ends TLS and sets X-Forwarded-For",
    )
    parser.add_argument(
        "--master-key-file", type=Path, metavar="FILE", help="default: master-key in the data directory"
    )
    parser.add_argument("--master-key-command", metavar="COMMAND", help="prints the master key; runs without a shell")
    parser.add_argument(
        "--issuer-ca", type=Path, metavar="FILE", help="PEM file of further authorities that vouch for OIDC issuers"
    )
    parser.add_argument(
        "--allow-private-issuers", action="store_true", help="let OIDC issuers have addresses that are not public"
    )
    parser.add_argument(
        "--requests-per-minute",
        type=_rate,
        default=REQUESTS_PER_MINUTE,
        metavar="N",
        help="most requests of one person, pipeline or agent; default: %(default)s",
    )
    given = parser.parse_args(arguments)
    if (given.tls_cert is None) != (given.tls_key is None):
        raise StartupError("--tls-cert and --tls-key belong together.", hint="Give both or none.")
    host, port = parse_listen(given.listen)
    tls = None if given.tls_cert is None else TlsFiles(given.tls_cert, given.tls_key)
    return Settings(
        given.data,
        host,
        port,
        tls,
        given.behind_proxy,
        master_key_file=given.master_key_file,
        master_key_command=given.master_key_command,
        issuer_ca=given.issuer_ca,
        allow_private_issuers=given.allow_private_issuers,
        requests_per_minute=given.requests_per_minute,
    )


def _rate(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 100_000_000:
        raise StartupError(f"{text!r} is not a number of requests per minute.", hint="Such as 1200.")
    return int(text)


def _run(settings: Settings) -> None:
    refuse_open_door(settings)
    # The server's files are for its own user; SQLite makes its side files by this mask too.
    os.umask(0o077)
    # Orgs live in memory as many small objects that stay; collecting over them again and again finds nothing.
    gc.set_threshold(200_000, 20, 100)
    from clawforge_server.auth.oidc.egress import check_authorities
    from clawforge_server.clock import SystemClock
    from clawforge_server.data_dir import DataDirectory
    from clawforge_server.key_custody import choose_custody
    from clawforge_server.log import configure_logging
    from clawforge_server.service.bootstrap import ensure_owner
    from clawforge_server.serving import allow_many_connections, bind, serve
    from clawforge_server.store.sqlite.store import SqliteStore

    configure_logging(sys.stderr)
    check_authorities(settings.issuer_ca)
    allow_many_connections()
    clock = SystemClock()
    directory = DataDirectory.open(settings.data)
    try:
        with bind(settings) as listener:
            directory.create_database_file()
            custody = choose_custody(
                directory, os.environ, file=settings.master_key_file, command=settings.master_key_command
            )
            store = SqliteStore(directory.database, custody)
            try:
                ensure_owner(store, directory, clock)
                serve(settings, store, clock, listener)
            finally:
                store.close()
    finally:
        directory.close()


if __name__ == "__main__":
    sys.exit(main())
