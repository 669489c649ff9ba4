"""Every route of the old API, in one table."""

from __future__ import annotations

from clawforge_server.routes.legacy import (
    api_keys,
    audit,
    auth,
    enrollment_tokens,
    events,
    heartbeat,
    kill_switch,
    organizations,
    policies,
    skills,
    users,
)
from clawforge_server.routes.legacy.endpoint import LegacyEndpoint

LEGACY_ENDPOINTS: tuple[LegacyEndpoint, ...] = (
    *auth.ENDPOINTS,
    *policies.ENDPOINTS,
    *kill_switch.ENDPOINTS,
    *heartbeat.ENDPOINTS,
    *events.ENDPOINTS,
    *audit.ENDPOINTS,
    *skills.ENDPOINTS,
    *users.ENDPOINTS,
    *organizations.ENDPOINTS,
    *enrollment_tokens.ENDPOINTS,
    *api_keys.ENDPOINTS,
)
