"""Every route of the old API, in one table."""

from __future__ import annotations

from clawforge_server.routes.legacy import audit, auth, events, heartbeat, policies
from clawforge_server.routes.legacy.endpoint import LegacyEndpoint

LEGACY_ENDPOINTS: tuple[LegacyEndpoint, ...] = (
    *auth.ENDPOINTS,
    *policies.ENDPOINTS,
    *heartbeat.ENDPOINTS,
    *events.ENDPOINTS,
    *audit.ENDPOINTS,
)
