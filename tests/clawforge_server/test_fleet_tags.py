"""Tags given by hand: they change what a machine may do, and nobody reaches further by them than by an enrolment."""

from __future__ import annotations

from typing import Any

import pytest
from deciding_agent import DecidingAgent
from server_app import Api
from server_process import company, resource

from clawforge_server.auth.secrets import credential_hash

LAB = resource("Policy", "lab", appliesTo={"tags": {"env": ["lab"]}}, mode="guardrail", tools={"deny": ["read"]})
BOX = resource("Group", "box", members={"tags": {"env": ["prod"]}})
POWER = [
    resource("Role", "power", permissions=["users:suspend"]),
    resource("RoleBinding", "power", role="power", subjects={"groups": ["box"]}),
]
TAGGER = [
    resource("Role", "tagger", permissions=["instances:tag"]),
    resource("RoleBinding", "tagger", role="tagger", subjects={"users": ["ann", "dev"]}),
    resource("Role", "part", permissions=["instances:tag"]),
    resource("RoleBinding", "part", role="part", subjects={"users": ["bea"]}, scope={"groups": ["eng"]}),
    *(resource("User", name, email=f"{name}@acme.example") for name in ("ann", "bea")),
]


def tag(api: Api, *names: str, token: str | None = None, **change: Any) -> dict[str, tuple[str, str | None]]:
    answer = api.post("/v1/orgs/acme/fleet/tags", json={"instances": list(names), **change}, token=token)
    assert answer.status_code == 200, answer.text
    return {item["instance"]: (item["outcome"], item["code"]) for item in answer.json()["results"]}


def tags(api: Api, name: str) -> dict[str, str]:
    found: dict[str, str] = api.get(f"/v1/orgs/acme/instances/{name}").json()["instance"]["tags"]
    return found


def test_a_tag_changes_what_a_real_agent_lets_through_and_back(api: Api) -> None:
    api.apply(company(LAB))
    machine, other = DecidingAgent(api, api.enroll(tags={"site": "berlin"})), DecidingAgent(api, api.enroll())
    for agent in (machine, other):
        agent.poll()
    assert machine.allows()
    before = len(api.audit())
    assert tag(api, machine.name, set={"env": "lab"}, reason="a canary") == {machine.name: ("done", None)}
    (record,) = api.audit()[before:]
    assert (record["action"], record["target"]) == ("instances:tag", f"instance/{machine.name}")
    assert (record["before"], record["after"]) == (
        {"tags": {"site": "berlin"}},
        {"tags": {"site": "berlin", "env": "lab"}},
    )
    for agent in (machine, other):
        agent.poll()
    assert (machine.allows(), other.allows()) == (False, True)
    # Saying it again says nothing new, and wakes nobody.
    assert tag(api, machine.name, set={"env": "lab"}) == {machine.name: ("done", None)}
    assert machine.poll() == 304
    tag(api, machine.name, remove=["env", "never-was"])
    assert machine.poll() == 200
    assert machine.allows()
    assert tags(api, machine.name) == {"site": "berlin"}


def test_a_long_poll_is_answered_with_the_other_policy(api: Api) -> None:
    import asyncio

    api.apply(company(LAB))
    enrolled = api.enroll()
    etag = api.get("/v1/agent/policy", token=enrolled["credential"]).headers["etag"]

    async def race() -> int:
        async with api.client(enrolled["credential"]) as client:
            poll = asyncio.create_task(client.get("/v1/agent/policy?wait=30", headers={"If-None-Match": etag}))
            await asyncio.sleep(0.2)
            async with api.client() as owner:
                body = {"instances": [enrolled["instance"]], "set": {"env": "lab"}}
                await owner.post("/v1/orgs/acme/fleet/tags", json=body)
            return (await asyncio.wait_for(poll, 10)).status_code

    assert api.run(race()) == 200


def test_an_old_plugin_gets_the_other_policy_too(api: Api) -> None:
    api.apply(company(LAB))
    minted = api.post("/v1/orgs/acme/enrollments", json={"user": "dev", "instance": "old"}).json()["token"]
    body = {"token": minted, "email": "dev@acme.example", "name": "Dev"}
    session = api.post("/api/v1/auth/enroll", token="", json=body).json()

    def denied() -> set[str]:
        path = f"/api/v1/policies/{session['orgId']}/effective"
        return set(api.get(path, token=session["accessToken"]).json()["tools"].get("deny", ()))

    assert "read" not in denied()
    tag(api, "old", set={"env": "lab"})
    assert "read" in denied()
    tag(api, "old", remove=["env"])
    assert "read" not in denied()


def test_nobody_reaches_further_by_a_tag_than_by_an_enrolment(api: Api) -> None:
    api.apply(company(BOX, *POWER, *TAGGER))
    name, own = api.enroll()["instance"], api.enroll("ann")["instance"]
    ann, bea = (api.session(f"user:{user}")["accessToken"] for user in ("ann", "bea"))
    before = len(api.audit())
    assert tag(api, name, own, "nobody", token=ann, set={"env": "prod"}) == {
        name: ("failed", "grant-exceeds-grantor"),
        own: ("failed", "own-instance"),
        "nobody": ("failed", "unknown-instance"),
    }
    assert [(item["action"], item["outcome"]) for item in api.audit()[before:]] == [("instances:tag", "refused")] * 3
    assert tags(api, name) == {}
    assert tag(api, name, token=ann, set={"env": "lab"}) == {name: ("done", None)}
    # A right over a part of the org would choose among the policies of all of it.
    assert tag(api, name, token=bea, set={"env": "dev"})[name][0] == "failed"
    assert tag(api, name, set={"env": "prod"}) == {name: ("done", None)}
    # Whoever may tag may take away what they could not give.
    assert tag(api, name, token=ann, set={"env": "lab"}) == {name: ("done", None)}


def test_what_a_template_in_git_gives_is_changed_there(api: Api) -> None:
    template = resource("Enrollment", "laptops", tags={"env": "lab"})
    positions = {"Enrollment/laptops": {"file": "enroll.yaml", "line": 3, "fields": {"/spec/tags/env": 7}}}
    api.apply(company(template), positions=positions)
    name = api.enroll(template="laptops")["instance"]
    answer = api.post(
        "/v1/orgs/acme/fleet/tags", json={"instances": [name], "set": {"env": "prod", "site": "x"}}
    ).json()["results"][0]
    assert (answer["outcome"], answer["code"]) == ("failed", "kept-in-git")
    assert "Enrollment/laptops: enroll.yaml:7" in answer["detail"]
    assert tag(api, name, remove=["env"])[name] == ("failed", "kept-in-git")
    assert tag(api, name, set={"site": "x"}) == {name: ("done", None)}
    assert tags(api, name) == {"env": "lab", "site": "x"}


def test_who_violates_an_invariant_by_a_tag_is_shut_in(api: Api) -> None:
    watch = resource(
        "Invariant",
        "labs-never-write",
        appliesTo={"tags": {"env": ["lab"]}},
        enforcement="warn",
        forbid={"tools": ["write"]},
        onViolation="quarantine",
    )
    api.apply(company(watch))
    name = api.enroll()["instance"]
    tag(api, name, set={"env": "lab"})
    assert api.get(f"/v1/orgs/acme/instances/{name}").json()["instance"]["state"] == "quarantined"


def test_nothing_made_for_the_old_tags_is_served_under_the_new_serial(api: Api) -> None:
    """A request that is slow may hold the old machine while the new state is there already."""
    api.apply(company(LAB))
    enrolled = api.enroll()
    api.get("/v1/agent/policy", token=enrolled["credential"])
    plane, sha256 = api.plane, credential_hash(enrolled["credential"])
    old = plane.instances.peek(sha256)
    assert old is not None
    tag(api, enrolled["instance"], set={"env": "lab"})
    assert plane.instances.peek(sha256) is None, "whoever asks next is read anew"
    state = plane.states.get("acme")
    stale = plane.bundles.get(state, old)
    answer = api.get("/v1/agent/policy", token=enrolled["credential"])
    assert answer.headers["etag"] != f'"{stale.digest}"'
    beat = api.post("/v1/agent/heartbeat", token=enrolled["credential"], json={}).json()
    assert f'"{beat["digest"]}"' == answer.headers["etag"]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"set": {"a": ""}},
        {"set": {"a b": "c"}},
        {"set": {"a": "b\nc"}},
        {"set": {"a": "1"}, "remove": ["a"]},
        {"set": {str(number): "x" for number in range(65)}},
    ],
)
def test_what_is_no_change_of_tags_is_refused(api: Api, problem: Any, change: dict[str, Any]) -> None:
    api.apply(company())
    problem(api.post("/v1/orgs/acme/fleet/tags", json={"instances": ["i"], **change}), 422, "invalid-request")


def test_a_machine_carries_so_many_tags_at_most(api: Api) -> None:
    api.apply(company())
    name = api.enroll()["instance"]
    assert tag(api, name, set={str(number): "x" for number in range(64)}) == {name: ("done", None)}
    assert tag(api, name, set={"one": "more"}) == {name: ("failed", "too-many-tags")}
