"""Every route of the server, in one table."""

from __future__ import annotations

from clawforge_server.endpoint import Endpoint
from clawforge_server.routes import (
    access_history,
    acknowledgements,
    agent,
    agent_audit,
    audit,
    decisions,
    drift,
    enrollments,
    explanations,
    health,
    history,
    instances,
    keys,
    openapi,
    overlays,
    plans,
    revisions,
    sessions,
    sign_in,
    tokens,
    users,
)

ENDPOINTS: tuple[Endpoint, ...] = (
    *plans.ENDPOINTS,
    *revisions.ENDPOINTS,
    *history.ENDPOINTS,
    *decisions.ENDPOINTS,
    *explanations.ENDPOINTS,
    *access_history.ENDPOINTS,
    *instances.ENDPOINTS,
    *acknowledgements.ENDPOINTS,
    *drift.ENDPOINTS,
    *overlays.ENDPOINTS,
    *enrollments.ENDPOINTS,
    *tokens.ENDPOINTS,
    *sessions.ENDPOINTS,
    *users.ENDPOINTS,
    *sign_in.ENDPOINTS,
    *keys.ENDPOINTS,
    *audit.ENDPOINTS,
    *agent.ENDPOINTS,
    *agent_audit.ENDPOINTS,
    *health.ENDPOINTS,
    *openapi.ENDPOINTS,
)
