"""Where a request came from, as the audit log keeps it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Made once a request. `address` is the client's; `credential` the id of the token or session that was shown;
    `request` the id under which the request is answered and logged."""

    address: str
    credential: str = ""
    request: str = ""
