"""Instances as people look at a fleet: heard of, enforcing, in range; all, some or one."""

from __future__ import annotations

from typing import Any

from server_app import Api, MovableClock
from server_process import company, resource

PATH = "/v1/orgs/acme/instances"


def poll(api: Api, credential: str, acknowledged: str | None = None) -> str:
    headers = {} if acknowledged is None else {"ClawForge-Acknowledged": acknowledged}
    answer = api.get("/v1/agent/policy", token=credential, headers=headers)
    assert answer.status_code == 200, answer.text
    return str(answer.headers["etag"]).strip('"')


def obedient(api: Api, **terms: Any) -> tuple[str, str]:
    """A machine that enforces what is served now: its name and its credential."""
    enrolled = api.enroll(**terms)
    poll(api, enrolled["credential"], poll(api, enrolled["credential"]))
    return enrolled["instance"], enrolled["credential"]


def listed(api: Api, *select: str) -> list[dict[str, Any]]:
    answer = api.get(PATH, params={"select": list(select)})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["instances"]
    return found


def names(api: Api, *select: str) -> list[str]:
    return [str(item["instance"]) for item in listed(api, *select)]


def test_a_machine_is_heard_of_then_stale_then_offline(api: Api, clock: MovableClock) -> None:
    api.apply(company())
    name, credential = obedient(api)
    api.enroll()
    assert [item["status"] for item in listed(api)].count("never") == 1
    (item,) = listed(api, f"instance={name}")
    assert (item["status"], item["enforces"], item["revision"], item["compliance"]) == ("online", "in-force", 1, "ok")
    clock.move(seconds=91)
    assert listed(api, f"instance={name}")[0]["status"] == "stale"
    clock.move(minutes=5)
    assert names(api, "status=offline") == [name]
    poll(api, credential)
    assert names(api, "status=online") == [name]


def test_the_silence_that_counts_is_the_orgs(api: Api, clock: MovableClock) -> None:
    (_, *rest) = company()
    api.apply([resource("Organization", "acme", heartbeat={"interval": "10m", "offlineAfter": "1h"}), *rest])
    name, _ = obedient(api)
    clock.move(minutes=29)
    assert names(api, "status=online") == [name]
    clock.move(minutes=2)
    assert names(api, "status=stale") == [name]


def test_who_is_behind_says_at_which_revision(api: Api) -> None:
    api.apply(company())
    name, _ = obedient(api)
    api.apply(company(deny=["read"]))
    (item,) = listed(api, "enforces=behind")
    assert (item["instance"], item["revision"]) == (name, 1)
    assert names(api, "enforces=in-force") == []


def test_selectors_choose_by_what_is_declared_and_what_was_given(api: Api, problem: Any) -> None:
    ann = resource("User", "ann", email="ann@acme.example")
    group = resource("Group", "berlin", members={"users": ["ann"]})
    api.apply(company(ann, group))
    first, second = api.enroll("ann")["instance"], api.enroll(tags={"env": "lab"}, groups=["eng"])["instance"]
    assert names(api, "user=ann") == names(api, "group=berlin") == names(api, "user=ann,state=active") == [first]
    assert names(api, "tag:env=lab") == [second]
    assert names(api, "group!=berlin,group=eng") == [second]
    api.delete(f"{PATH}/{first}")
    assert names(api, "state=revoked") == [first]
    assert names(api, "status=never") == [second]
    problem(api.get(PATH, params={"select": "state=asleep"}), 422, "bad-selector")


def test_one_instance_is_shown_with_everything(api: Api, problem: Any, clock: MovableClock) -> None:
    wanted = resource(
        "VersionTarget",
        "minimum",
        appliesTo="everyone",
        components={"host": {"range": ">=2026.9.6"}},
        enforcement="block",
    )
    api.apply(company(wanted))
    name, _ = obedient(api)
    clock.move(days=2)
    shown = api.get(f"{PATH}/{name}").json()
    assert shown["instance"]["credentialSince"] == "2026-11-20T12:00:00Z"
    assert (shown["wantedRevision"], shown["acknowledgedSince"]) == (1, "2026-11-20T12:00:00Z")
    assert shown["wanted"] != shown["instance"]["acknowledged"], "two days later the bundle begins with another day"
    assert shown["misses"][0]["remedy"] == "have openclaw report its version; >=2026.9.6 is required"
    assert [event["action"] for event in shown["log"]] == ["instances:enroll"]
    reader = api.token("instances:read")
    assert api.get(f"{PATH}/{name}", token=reader).json()["log"] == []
    problem(api.get(f"{PATH}/nobody"), 404, "unknown-instance")


def test_who_is_out_is_neither_heard_of_nor_behind(api: Api) -> None:
    api.apply(company())
    name, _ = obedient(api)
    api.delete(f"{PATH}/{name}")
    (item,) = listed(api)
    assert (item["state"], item["status"], item["enforces"], item["compliance"]) == ("revoked", None, None, None)
    assert api.get(f"{PATH}/{name}").json()["wanted"] is None
