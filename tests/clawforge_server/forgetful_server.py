"""The server with its revocations unheard: what is in memory stays there. The test of revocations must catch it."""

from __future__ import annotations

import sys

from clawforge_server.__main__ import main
from clawforge_server.auth.token_directory import TokenDirectory

if __name__ == "__main__":
    TokenDirectory.forget = lambda self, hashes: None  # type: ignore[method-assign]
    TokenDirectory.catch_up = lambda self: frozenset()  # type: ignore[method-assign]
    sys.exit(main())
