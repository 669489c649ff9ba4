"""What is worked out of a state before it is published."""

from __future__ import annotations

from clawforge_server.state.org_state import OrgState


def warm(state: OrgState, previous: OrgState | None = None) -> None:
    """Build the models here, on this thread, also that of the revision which is held back, so that no agent's poll has
    to wait for them. What the state before it worked out is taken over where it is the same. Raises what a state raises
    of which no model can be made: it must not become the present one."""
    if previous is not None:
        state.build_on(previous.model)
    _ = state.model
    _ = state.access
    _ = state.stage
