"""`python -m clawforge_server.reset_password`: a code to set a password, for whoever runs the server's machine."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from clawforge.errors import ClawforgeError, NotFoundError


def main(arguments: list[str] | None = None) -> int:
    """Print the code; the exit code is 0, or 1 when there is none."""
    parser = argparse.ArgumentParser(prog="clawforge password reset")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR")
    parser.add_argument("--org", required=True)
    parser.add_argument("user", metavar="USER")
    given = parser.parse_args(arguments)
    try:
        sys.stdout.write(f"{_code(given.data, given.org, given.user)}\n")
    except ClawforgeError as error:
        sys.stderr.write(f"error: {error.message}\n" + (f"hint: {error.hint}\n" if error.hint else ""))
        return 1
    return 0


def _code(data: Path, org: str, user: str) -> str:
    """Raises StartupError while a server runs on the directory, NotFoundError for an unknown org or user."""
    os.umask(0o077)
    from clawforge_server.clock import SystemClock
    from clawforge_server.data_dir import DataDirectory
    from clawforge_server.key_custody import choose_custody
    from clawforge_server.service.user_resets import offer_on_host
    from clawforge_server.state.org_state import read_org
    from clawforge_server.store.sqlite.store import SqliteStore

    if not data.is_dir():
        raise NotFoundError(f"There is no data directory {data}.", hint="Give --data the directory of the server.")
    now = SystemClock().now()
    directory = DataDirectory.open(data)
    try:
        if not directory.database.is_file():
            raise NotFoundError(f"No server ever used {data}.", hint="Give --data the directory of the server.")
        store = SqliteStore(directory.database, choose_custody(directory, os.environ, file=None, command=None))
        try:
            with store.transaction() as transaction:
                state = read_org(transaction, org, now)
            if state is None:
                raise NotFoundError(f"The org {org!r} does not exist on this server.", code="unknown-org")
            return offer_on_host(store, state, user, now).code
        finally:
            store.close()
    finally:
        directory.close()


if __name__ == "__main__":
    sys.exit(main())
