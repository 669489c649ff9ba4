"""The call of the control plane about how an org is."""

from __future__ import annotations

from clawforge.wire_status import OrgStatus
from clawforge_cli.identity_client import IdentityClient


class StatusClient(IdentityClient):
    """Calls one org of one control plane."""

    def status(self) -> OrgStatus:
        """How the org is."""
        return self._call(OrgStatus, "GET", self._path("status"))
