"""Where the reconciler's small HTTP listener waits for webhooks, health checks and scrapes."""

from __future__ import annotations

import ipaddress
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, StringConstraints


class ListenAddress(NamedTuple):
    """An address of this machine, and a port; port 0 lets the system choose."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> ListenAddress:
        """`127.0.0.1:8090` or `[::1]:8090`. Raises ValueError with a sentence for people."""
        host, colon, port = text.rpartition(":")
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        try:
            ipaddress.ip_address(bare)
            usable = bool(colon) and port.isascii() and port.isdigit() and int(port) < 65536
        except ValueError:
            usable = False
        if not usable or (":" in bare) != host.startswith("["):
            raise ValueError(f"{text!r} is no address to listen at: write 127.0.0.1:8090 or [::1]:8090")
        return cls(bare, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _checked(text: str) -> str:
    ListenAddress.parse(text)
    return text


ListenText = Annotated[str, StringConstraints(max_length=64), AfterValidator(_checked)]
"""As people write it; `ListenAddress.parse` takes it apart."""
