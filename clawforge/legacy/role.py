"""The three roles of the old console, by what somebody may do here."""

from __future__ import annotations

from typing import Literal

from clawforge.access.rights import Rights

Role = Literal["admin", "viewer", "user"]


def role_of(rights: Rights) -> Role:
    """An admin may manage users, a viewer may read the state of the org; everybody else is a user. What a role may do
    is decided by the permissions all the same."""
    if rights.allows("users:read") and rights.allows("tokens:create"):
        return "admin"
    return "viewer" if rights.allows("state:read") else "user"
