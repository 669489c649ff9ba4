"""A user who is renamed keeps their machines, and what was done to them by hand."""

from __future__ import annotations

from typing import Any

from server_app import Api
from server_process import company, resource

HERS = resource("Policy", "hers", appliesTo={"users": ["bea"]}, tools={"deny": ["read"]})
APPROVER = [
    resource("Role", "door", permissions=["instances:approve", "instances:tag"]),
    resource("RoleBinding", "door", role="door", subjects={"users": ["bea"]}),
]


def person(name: str, email: str) -> dict[str, Any]:
    return resource("User", name, email=f"{email}@acme.example")


def user_of(api: Api, name: str) -> str:
    return str(api.get(f"/v1/orgs/acme/instances/{name}").json()["instance"]["user"])


def test_a_machine_follows_its_user_and_stays_their_own(api: Api) -> None:
    api.apply(company(person("ann", "ann")))
    enrolled = api.enroll("ann")
    later = api.post("/v1/orgs/acme/enrollments", json={"user": "ann"}).json()["token"]
    before = api.get("/v1/agent/policy", token=enrolled["credential"])
    api.apply(company(person("bea", "ann"), HERS, *APPROVER), moved=[{"from": "User/ann", "to": "User/bea"}])
    assert user_of(api, enrolled["instance"]) == "bea"
    after = api.get("/v1/agent/policy", token=enrolled["credential"])
    assert before.headers["etag"] != after.headers["etag"], "what is aimed at the new name counts"
    record = next(item for item in api.audit() if item["action"] == "instances:follow")
    assert (record["target"], record["before"], record["detail"]["instances"]) == (
        "User/bea",
        {"user": "ann"},
        [enrolled["instance"]],
    )
    # It is her own still: she neither tags it nor approves one of hers.
    token = api.session("user:bea")["accessToken"]
    body = {"instances": [enrolled["instance"]], "set": {"env": "lab"}}
    answer = api.post("/v1/orgs/acme/fleet/tags", json=body, token=token).json()["results"][0]
    assert answer["code"] == "own-instance"
    joined = api.post("/v1/enroll", token="", json={"token": later}).json()
    assert joined["user"] == "bea"


def test_two_people_may_exchange_their_names(api: Api) -> None:
    api.apply(company(person("ann", "one"), person("bea", "two")))
    first, second = api.enroll("ann")["instance"], api.enroll("bea")["instance"]
    moved = [{"from": "User/ann", "to": "User/cid"}]
    api.apply(company(person("cid", "one"), person("bea", "two")), moved=moved)
    assert (user_of(api, first), user_of(api, second)) == ("cid", "bea")


def test_a_suspension_is_not_escaped_by_another_name(api: Api) -> None:
    api.apply(company(person("ann", "ann")))
    assert api.post("/v1/orgs/acme/users/ann/suspension", json={"reason": "left"}).is_success
    api.apply(company(person("bea", "ann")), moved=[{"from": "User/ann", "to": "User/bea"}])
    assert api.plane.states.get("acme").access.suspended == {"bea", "gone"}
