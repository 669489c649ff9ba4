"""Every route of the server, in one table."""

from __future__ import annotations

from clawforge_server.endpoint import Endpoint
from clawforge_server.routes import (
    agent,
    audit,
    decisions,
    enrollments,
    health,
    instances,
    keys,
    openapi,
    plans,
    revisions,
    tokens,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    *plans.ENDPOINTS,
    *revisions.ENDPOINTS,
    *decisions.ENDPOINTS,
    *instances.ENDPOINTS,
    *enrollments.ENDPOINTS,
    *tokens.ENDPOINTS,
    *keys.ENDPOINTS,
    *audit.ENDPOINTS,
    *agent.ENDPOINTS,
    *health.ENDPOINTS,
    *openapi.ENDPOINTS,
)
