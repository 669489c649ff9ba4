"""What is kept in memory for answers is bounded, and keeps nothing alive that nobody needs."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import pytest
from server_app import Api
from server_process import company

from clawforge_server.state.bundle_cache import BundleCache


def test_bundles_are_bounded_by_their_bytes_and_by_their_number(api: Api) -> None:
    api.apply(company())
    enrolled = [api.enroll() for _ in range(6)]
    with api.plane.store.transaction() as transaction:
        records = [transaction.instances.get("acme", item["instance"]) for item in enrolled]
    instances = [item for item in records if item is not None]
    state = api.plane.states.get("acme")
    size = len(api.plane.bundles.get(state, instances[0]).body)

    def kept(cache: BundleCache) -> list[int]:
        for instance in (*instances, instances[-1]):
            cache.get(state, instance)
        return [at for at, instance in enumerate(instances) if cache.peek(state, instance) is not None]

    assert kept(BundleCache()) == [0, 1, 2, 3, 4, 5]
    assert kept(BundleCache(most=2)) == [4, 5]
    assert kept(BundleCache(most_bytes=3 * size + size // 2)) == [3, 4, 5]
    assert kept(BundleCache(most_bytes=1)) == [5], "the newest is kept however large it is"


@pytest.mark.parametrize("asks", [True, False])
def test_a_plugin_that_asks_no_more_keeps_no_old_org_alive(api: Api, asks: bool) -> None:
    api.apply(company())
    minted = api.post("/v1/orgs/acme/enrollments", json={"user": "dev"}).json()["token"]
    body = {"token": minted, "email": "dev@acme.example"}
    session: dict[str, Any] = api.post("/api/v1/auth/enroll", token="", json=body).json()

    def fetch() -> None:
        assert api.get(f"/api/v1/policies/{session['orgId']}/effective", token=session["accessToken"]).is_success

    fetch()
    old = weakref.ref(api.plane.states.get("acme").model)
    api.apply(company(deny=["read"]))
    if asks:
        fetch()
    gc.collect()
    assert old() is None
