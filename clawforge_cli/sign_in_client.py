"""The calls of the control plane that sign people and pipelines in and out."""

from __future__ import annotations

from urllib.parse import quote

from clawforge.secret import Secret
from clawforge.wire_identity import (
    PasswordAnswer,
    PasswordRequest,
    PasswordResetAnswer,
    PasswordResetRequest,
    RefreshRequest,
    SessionAnswer,
    SignInMethods,
    SignInRequest,
)
from clawforge_cli.client import ControlPlane
from clawforge_cli.settings import Connection

_SECONDS = 30.0


class SignInClient(ControlPlane):
    """Calls one control plane, without a credential unless one is given."""

    def __init__(self, server: str, token: Secret | None = None) -> None:
        super().__init__(Connection(server, token or Secret("")), timeout=_SECONDS)

    def methods(self, org: str) -> SignInMethods:
        """How people sign in to an org."""
        return self._call(SignInMethods, "GET", f"/v1/orgs/{quote(org, safe='')}/sign-in")

    def sign_in(self, org: str, request: SignInRequest) -> SessionAnswer:
        """Open a session."""
        return self._call(SessionAnswer, "POST", f"/v1/orgs/{quote(org, safe='')}/sessions", request)

    def refresh(self, token: str) -> SessionAnswer:
        """New tokens for a refresh token, which is used up."""
        return self._call(SessionAnswer, "POST", "/v1/sessions/refresh", RefreshRequest(refresh_token=token))

    def sign_out(self) -> None:
        """End the session of the credential."""
        self._send("DELETE", "/v1/sessions/current", None)

    def offer_password(self, org: str, user: str) -> PasswordResetAnswer:
        """Make a code with which a user sets a password."""
        path = f"/v1/orgs/{quote(org, safe='')}/password-resets"
        return self._call(PasswordResetAnswer, "POST", path, PasswordResetRequest(user=user))

    def set_password(self, code: str, password: str) -> PasswordAnswer:
        """Set a password by a code."""
        return self._call(PasswordAnswer, "POST", "/v1/passwords", PasswordRequest(code=code, password=password))

    def release_identity(self, org: str, user: str) -> None:
        """Let another account of the provider sign in as a user."""
        self._send("DELETE", f"/v1/orgs/{quote(org, safe='')}/users/{quote(user, safe='')}/identity", None)
