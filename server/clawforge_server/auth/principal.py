"""Who is authenticated, and what they may do where."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from clawforge.errors import ForbiddenError
from clawforge_server.auth.permission import EVERYTHING, covers


@dataclass(frozen=True, slots=True)
class Principal:
    """`org` None is the server's owner, who may do everything; an instance may do nothing that needs a permission.
    `actor` is the name in the audit log."""

    kind: Literal["owner", "token", "instance"]
    org: str | None
    actor: str
    permissions: tuple[str, ...]
    expires_at: dt.datetime | None = None

    def require_org(self, org: str) -> None:
        """Raise ForbiddenError for another org; the answer does not tell whether that org exists."""
        if self.org is not None and self.org != org:
            raise ForbiddenError(
                f"This token belongs to the org {self.org!r} and cannot be used for {org!r}.",
                hint="Check `org` in clawforge.yaml, or use a token of that org.",
                code="wrong-org",
            )

    def require(self, permission: str) -> None:
        """Raise ForbiddenError when the right is missing."""
        if not covers(self.permissions, permission):
            rights = " and ".join(dict.fromkeys((permission, "tokens:create")))
            raise ForbiddenError(
                f"This token lacks the permission {permission}.",
                hint=f"Ask somebody who holds {rights} for a token that has it.",
                code="missing-permission",
            )


OWNER = Principal("owner", None, "owner", (EVERYTHING,))
