"""The calls of the control plane about what is done by hand."""

from __future__ import annotations

from clawforge.errors import NotFoundError
from clawforge.wire_overlays import OverlayAnswer, OverlayList, OverlayRequest, OverlayView
from clawforge_cli.identity_client import IdentityClient


class OverlayClient(IdentityClient):
    """Calls one org of one control plane."""

    def overlays(self, ended: int = 0) -> OverlayList:
        """What is on, and some of what ended."""
        return self._call(OverlayList, "GET", self._path("overlays"), query={"ended": str(ended)} if ended else {})

    def switch_on(self, request: OverlayRequest) -> OverlayAnswer:
        """Turn a kill switch on."""
        return self._call(OverlayAnswer, "POST", self._path("overlays"), request)

    def end(self, overlay: str, reason: str) -> OverlayView:
        """End what is on."""
        return self._call(OverlayView, "DELETE", self._path("overlays", overlay), query={"reason": reason})

    def kill_over(self, scope: str) -> OverlayView:
        """The kill switch over exactly this scope. Raises NotFoundError."""
        on = [item for item in self.overlays().overlays if item.kind == "kill"]
        found = next((item for item in on if item.scope == scope), None)
        if found is None:
            scopes = ", ".join(item.scope for item in on)
            raise NotFoundError(
                f"No kill switch over {scope} is on.", hint=f"On are: {scopes}." if scopes else "None is on."
            )
        return found
