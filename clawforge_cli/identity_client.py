"""The calls of the control plane about who may do what: oneself, API keys, users."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import quote

from clawforge.wire_identity import (
    KeyAnswer,
    KeyList,
    KeyRequest,
    RotateRequest,
    SuspensionRequest,
    UserList,
    UserView,
    WhoAmI,
)
from clawforge_cli.client import ControlPlane
from clawforge_cli.org_choice import choose_org
from clawforge_cli.settings import Connection, connection


class IdentityClient(ControlPlane):
    """Calls one org of one control plane."""

    def __init__(self, connection: Connection, org: str) -> None:
        super().__init__(connection)
        self.org = org

    @classmethod
    def chosen(cls, server: str | None, org: str | None, path: Path | None = None) -> Self:
        """For the org of the flag, or of the project here. Raises InputError as `choose_org` and `connection` do."""
        choice = choose_org(path or Path(), org)
        return cls(connection(server, project_server=choice.server, org=choice.org), choice.org)

    def who_am_i(self) -> WhoAmI:
        """The holder of the credential, and its rights."""
        return self._call(WhoAmI, "GET", self._path("whoami"))

    def create_key(self, request: KeyRequest) -> KeyAnswer:
        """Make an API key."""
        return self._call(KeyAnswer, "POST", self._path("tokens"), request)

    def keys(self) -> KeyList:
        """API keys, all or one's own."""
        return self._call(KeyList, "GET", self._path("tokens"))

    def revoke_key(self, key_id: str) -> None:
        """Take an API key back."""
        self._send("DELETE", self._path("tokens", key_id), None)

    def rotate_key(self, key_id: str, request: RotateRequest) -> KeyAnswer:
        """Replace an API key."""
        return self._call(KeyAnswer, "POST", self._path("tokens", key_id, "rotate"), request)

    def users(self) -> UserList:
        """Declared users."""
        return self._call(UserList, "GET", self._path("users"))

    def suspend(self, user: str, reason: str) -> UserView:
        """Stop a user at once."""
        request = SuspensionRequest(reason=reason)
        return self._call(UserView, "POST", self._path("users", user, "suspension"), request)

    def activate(self, user: str) -> UserView:
        """Lift a suspension."""
        return self._call(UserView, "DELETE", self._path("users", user, "suspension"))

    def _path(self, *parts: str) -> str:
        return "/".join(("/v1/orgs", quote(self.org, safe=""), *(quote(part, safe="") for part in parts)))
