"""A webhook as it came in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import NamedTuple

from clawforge.secret import Secret


class Received(NamedTuple):
    """Names of headers are in lower case; `now` is in seconds since 1970, as is everything about time here."""

    headers: Mapping[str, str]
    body: bytes
    secret: Secret
    now: float

    @property
    def fingerprint(self) -> str:
        """The id of a webhook that is not dated. The one in its headers is not signed, so a copy could bear another."""
        return f"sha256:{hashlib.sha256(self.body).hexdigest()}"
