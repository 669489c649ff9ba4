"""What is done by hand leaves no model to be built by the next poll, which is answered where nothing may take long."""

from __future__ import annotations

from typing import Any

import pytest
from rollout_world import CLOSED, OPEN, Fleet, world
from server_app import Api

ORG = "/v1/orgs/acme"


def suspended(api: Api) -> Any:
    return api.post(f"{ORG}/users/bob/suspension", json={"reason": "x"})


def activated(api: Api) -> Any:
    suspended(api)
    return api.delete(f"{ORG}/users/bob/suspension")


def revoked(api: Api) -> Any:
    return api.post(f"{ORG}/skills/revocations", json={"key": "pdf", "reason": "x"})


@pytest.mark.parametrize("act", [suspended, activated, revoked])
def test_the_models_are_there_before_the_state_is(api: Api, act: Any) -> None:
    api.apply(world(CLOSED))
    fleet = Fleet(api)
    api.apply(world(OPEN))
    before = api.plane.states.get("acme")
    assert act(api).status_code in (200, 201, 204)
    state = api.plane.states.get("acme")
    assert state is not before
    assert {"model", "stage", "access"} <= vars(state).keys()
    assert fleet.revisions() == [2, 1, 1]
