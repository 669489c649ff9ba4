"""The policy poll: what an agent gets, when it gets nothing new, and what it can check about it."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Any

import pytest
from server_process import company, resource

from clawforge.bundle import Bundle, bundle_digest, open_bundle
from clawforge.decide.decider import Decider
from clawforge.decide.request import Request
from clawforge.dsse import read_envelope
from clawforge.keys import KeySet, decode_public_key, open_key_set
from clawforge.lease import Lease, open_lease, read_lease_header
from clawforge_server.state import bundle_cache
from clawforge_server.state.org_states import OrgStates

OFFLINE = {"mode": "cached", "lease": "2m", "maxStale": "1h"}


class Agent:
    """What an agent keeps, and how it asks."""

    def __init__(self, api: Any, enrolled: dict[str, Any]) -> None:
        self.api = api
        self.instance = enrolled["instance"]
        self.credential = enrolled["credential"]
        self.root = decode_public_key(enrolled["rootKey"])

    def poll(self, **headers: str) -> Any:
        return self.api.get("/v1/agent/policy", token=self.credential, headers=headers)

    def keys(self, answer: Any) -> KeySet:
        return open_key_set(read_envelope(answer.json()["keys"]), self.root, org="acme")

    def bundle(self, answer: Any) -> Bundle:
        return open_bundle(read_envelope(answer.json()["bundle"]), self.keys(answer))

    def lease(self, answer: Any, keys: KeySet) -> Lease:
        return open_lease(read_envelope(read_lease_header(answer.headers["ClawForge-Lease"])), keys)


@pytest.fixture
def agent(api: Any) -> Agent:
    api.apply(company())
    return Agent(api, api.enroll(groups=["eng"], tags={"env": "prod"}))


def test_the_first_poll_brings_a_bundle_that_verifies(agent: Agent) -> None:
    answer = agent.poll()
    assert answer.status_code == 200
    bundle = agent.bundle(answer)
    lease = agent.lease(answer, agent.keys(answer))
    assert answer.headers["etag"] == f'"{bundle_digest(bundle)}"'
    assert lease.bundle == bundle_digest(bundle)
    assert (bundle.org, bundle.instance, bundle.user) == ("acme", agent.instance, "dev")
    assert (bundle.groups, bundle.tags) == (("eng",), {"env": "prod"})
    assert (bundle.epoch, bundle.serial, bundle.revision) == (lease.epoch, lease.serial, 1)
    assert (lease.issued_at, lease.until - lease.issued_at) == (agent.api.clock.now(), dt.timedelta(minutes=5))


def test_a_tag_that_a_proxy_weakened_still_names_what_is_held(agent: Agent) -> None:
    tag = agent.poll().headers["etag"]
    assert agent.poll(**{"If-None-Match": f'"sha256:other", W/{tag}'}).status_code == 304
    assert agent.poll(**{"If-None-Match": 'W/"sha256:other"'}).status_code == 200


def test_what_is_held_is_not_sent_again_but_the_lease_is_fresh(agent: Agent) -> None:
    first = agent.poll()
    keys = agent.keys(first)
    agent.api.clock.move(seconds=90)
    again = agent.poll(**{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    lease = agent.lease(again, keys)
    assert lease.issued_at == agent.api.clock.now()
    assert f'"{lease.bundle}"' == first.headers["etag"]


def test_the_lease_lasts_as_long_as_the_policy_says(api: Any, agent: Agent) -> None:
    api.apply([*company()[:-1], resource("Policy", "default", appliesTo="everyone", offline=OFFLINE)])
    answer = agent.poll()
    lease = agent.lease(answer, agent.keys(answer))
    assert lease.until - lease.issued_at == dt.timedelta(minutes=2)


def test_an_apply_that_concerns_the_agent_is_a_new_bundle(api: Any, agent: Agent) -> None:
    first = agent.poll()
    api.apply(company(deny=["exec", "read"]))
    second = agent.poll(**{"If-None-Match": first.headers["etag"]})
    assert second.status_code == 200
    assert agent.bundle(second).counters > agent.bundle(first).counters
    assert agent.bundle(second).revision == 2


def test_an_apply_that_does_not_concern_it_wakes_it_not_but_raises_the_serial(api: Any, agent: Agent) -> None:
    first = agent.poll()
    api.apply(company(resource("Policy", "other", appliesTo={"users": ["gone"]})))
    second = agent.poll(**{"If-None-Match": first.headers["etag"]})
    assert second.status_code == 304
    assert agent.lease(second, agent.keys(first)).serial > agent.bundle(first).serial


def test_server_bundle_and_effective_route_agree(api: Any, agent: Agent) -> None:
    bundle = agent.bundle(agent.poll())
    view = api.get(f"/v1/orgs/acme/effective?user=dev&instance={agent.instance}").json()
    (variant,) = bundle.variants
    assert variant.digest == view["digest"]
    for tool in ("exec", "read", "web_fetch"):
        request = Request(tool=tool, user="dev", at=api.clock.now())
        mine = Decider(bundle.policies[variant.digest]).decide(request)
        theirs = api.post("/v1/orgs/acme/decide", json={"user": "dev@acme.example", "tool": tool}).json()
        assert mine.effect == theirs["effect"]


def test_asking_about_an_instance_of_somebody_else_is_refused(api: Any, agent: Agent, problem: Any) -> None:
    problem(api.get(f"/v1/orgs/acme/effective?user=gone&instance={agent.instance}"), 422, "foreign-instance")
    for query in ("", "?user=a/b", "?user=dev&at=yesterday", "?user=dev&tag=x", "?user=dev&user=gone"):
        problem(api.get("/v1/orgs/acme/effective" + query), 400, "bad-parameter")


def test_what_is_acknowledged_and_when_it_was_seen_is_kept(api: Any, agent: Agent) -> None:
    digest = agent.poll().headers["etag"].strip('"')
    api.clock.move(seconds=10)
    agent.poll(**{"ClawForge-Acknowledged": digest})
    agent.poll(**{"ClawForge-Acknowledged": "nonsense"})
    (listed,) = api.get("/v1/orgs/acme/instances").json()["instances"]
    assert listed["acknowledged"] == digest
    assert listed["lastSeen"] == "2026-11-20T12:00:10Z"


def test_a_heartbeat_reports_and_tells_what_to_hold(api: Any, agent: Agent, problem: Any) -> None:
    first = agent.poll()
    digest = first.headers["etag"].strip('"')
    body = {"versions": {"host": "2.0"}, "acknowledged": digest, "uptime": 5}
    answer = api.post("/v1/agent/heartbeat", json=body, token=agent.credential)
    assert answer.json()["digest"] == digest
    assert open_lease(read_envelope(answer.json()["lease"]), agent.keys(first)).bundle == digest
    (listed,) = api.get("/v1/orgs/acme/instances").json()["instances"]
    assert (listed["versions"], listed["acknowledged"]) == ({"host": "2.0"}, digest)
    wrong = api.post("/v1/agent/heartbeat", json={"acknowledged": "x"}, token=agent.credential)
    problem(wrong, 422, "invalid-request")


def test_a_revoked_instance_is_refused_at_once(api: Any, agent: Agent, problem: Any) -> None:
    agent.poll()
    assert api.delete(f"/v1/orgs/acme/instances/{agent.instance}").status_code == 204
    problem(agent.poll(), 401, "instance-revoked")
    problem(api.delete(f"/v1/orgs/acme/instances/{agent.instance}"), 404, "unknown-instance")
    (listed,) = api.get("/v1/orgs/acme/instances").json()["instances"]
    assert listed["state"] == "revoked"


def test_a_suspended_user_gets_an_answer_that_allows_nothing(api: Any, agent: Agent) -> None:
    suspended = company()
    suspended[1]["spec"]["state"] = "suspended"
    api.apply(suspended)
    bundle = agent.bundle(agent.poll())
    assert all(policy.enforced.tools.allow == () for policy in bundle.policies.values())


def test_midnight_raises_the_serial_once_and_never_back(api: Any, agent: Agent) -> None:
    other = Agent(api, api.enroll())
    before = agent.bundle(agent.poll())
    api.clock.move(hours=12)
    after = agent.bundle(agent.poll())
    assert (after.serial, after.revision) == (before.serial + 1, before.revision)
    assert min(variant.from_ for variant in after.variants) == dt.datetime(2026, 11, 21, tzinfo=dt.UTC)
    assert agent.bundle(agent.poll()).serial == other.bundle(other.poll()).serial == after.serial
    api.clock.move(hours=-6)
    assert agent.bundle(agent.poll()) == after
    api.apply(company(deny=["read"]))
    back = agent.bundle(agent.poll())
    assert back.serial == after.serial + 1
    assert min(variant.from_ for variant in back.variants) == dt.datetime(2026, 11, 21, tzinfo=dt.UTC)


def test_one_serial_never_has_two_digests(api: Any, agent: Agent) -> None:
    seen: dict[int, str] = {}
    for step in range(12):
        if step % 3 == 0:
            api.apply(company(deny=[f"tool{step}"]))
        answer = agent.poll()
        serial = agent.bundle(answer).serial
        assert seen.setdefault(serial, answer.headers["etag"]) == answer.headers["etag"]
        api.clock.move(hours=5)


def test_a_long_poll_ends_with_the_news(api: Any, agent: Agent, problem: Any) -> None:
    held = {"If-None-Match": agent.poll().headers["etag"]}
    plan = api.plan(company(deny=["read"]))

    async def poll_and_apply() -> Any:
        async with api.client(agent.credential) as mine, api.client() as owner:
            waiting = asyncio.create_task(mine.get("/v1/agent/policy?wait=20", headers=held))
            await asyncio.sleep(0.3)
            assert not waiting.done()
            path = f"/v1/orgs/acme/plans/{plan['id']}/apply"
            await owner.post(path, json={"plan": plan}, headers={"If-Match": '"1"'})
            return await asyncio.wait_for(waiting, 5)

    answer = api.run(poll_and_apply())
    assert answer.status_code == 200
    assert agent.bundle(answer).revision == 2
    problem(api.get("/v1/agent/policy?wait=31", token=agent.credential), 400, "bad-parameter")


def test_a_long_poll_without_news_ends_in_time_and_at_shutdown(api: Any, agent: Agent) -> None:
    held = {"If-None-Match": agent.poll().headers["etag"]}

    async def poll(wait: int) -> Any:
        async with api.client(agent.credential) as client:
            return await client.get(f"/v1/agent/policy?wait={wait}", headers=held)

    assert api.run(asyncio.wait_for(poll(1), 5)).status_code == 304

    async def shut_down() -> Any:
        waiting = asyncio.create_task(poll(30))
        await asyncio.sleep(0.2)
        api.plane.wakeups.close()
        return await asyncio.wait_for(waiting, 2)

    assert api.run(shut_down()).status_code == 304


def test_a_long_poll_ends_when_the_instance_is_revoked(api: Any, agent: Agent) -> None:
    held = {"If-None-Match": agent.poll().headers["etag"]}

    async def revoke() -> Any:
        async with api.client(agent.credential) as mine, api.client() as owner:
            waiting = asyncio.create_task(mine.get("/v1/agent/policy?wait=20", headers=held))
            await asyncio.sleep(0.2)
            await owner.delete(f"/v1/orgs/acme/instances/{agent.instance}")
            return await asyncio.wait_for(waiting, 5)

    assert api.run(revoke()).status_code == 401


def test_keys_are_published_without_their_private_halves(api: Any, agent: Agent) -> None:
    answer = api.get("/v1/orgs/acme/keys").json()
    assert decode_public_key(answer["rootKey"]) == agent.root
    key_set = open_key_set(read_envelope(answer["keys"]), agent.root, org="acme")
    assert len(key_set.keys) == 1
    with api.plane.store.transaction() as transaction:
        seeds = [key.private for key in transaction.orgs.keys("acme")]
    assert len(seeds) == 2
    assert all(seed is not None and seed.hex() not in str(answer) for seed in seeds)


def test_a_new_process_begins_a_new_serial(api: Any, agent: Agent) -> None:
    """Another version of the program may resolve the same resources into something else."""
    first = agent.poll()
    before = agent.bundle(first)
    states = OrgStates(api.plane.store, api.clock, api.plane.wakeups)
    present = states.get("acme").record
    assert present is not None
    assert (present.serial, present.revision) == (before.serial + 1, before.revision)
    again = states.get("acme").record
    assert again == present, "one look is enough"


def test_a_raised_serial_builds_no_bundle_for_whoever_holds_the_same(agent: Agent, monkeypatch: Any) -> None:
    """A thousand agents that wait are answered from what is known of their class, not by a thousand bundles."""
    held = agent.poll()
    built: list[str] = []
    real = bundle_cache.build_bundle

    def counting(*arguments: Any, **options: Any) -> Any:
        built.append("one")
        return real(*arguments, **options)

    monkeypatch.setattr(bundle_cache, "build_bundle", counting)
    agent.api.post("/v1/orgs/acme/overlays", json={"scope": "tool:exec", "reason": "drill"})
    tag = {"If-None-Match": held.headers["etag"]}
    answer = agent.poll(**tag)
    assert (answer.status_code, built) == (304, [])
    assert [order.scope for order in agent.lease(answer, agent.keys(held)).kill] == ["tool:exec"]
    agent.api.apply(company(deny=["read"]))
    assert (agent.poll(**tag).status_code, built) == (200, ["one"])
