"""Breaking glass on the server: what may be asked for, who agrees, what agents then do, and how it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from deciding_agent import DecidingAgent
from server_app import MovableClock
from server_process import company, resource

from clawforge.overlay.runtime_overlay import overlays_digest
from clawforge_server.service.overlay_clock import orgs_with_due_overlays, tend_overlays
from clawforge_server.state.offers import offer_to

ELEVATIONS = "/v1/orgs/acme/elevations"
GRANT = {
    "name": "shell",
    "tools": ["exec", "process"],
    "maxTtl": "1h",
    "approvals": {"count": 1, "from": {"groups": ["security"]}},
    "requireTicket": True,
    "confirmPhrase": "I watch it",
    "cooldown": "10m",
}
FREE = {"name": "fetch", "tools": ["web_fetch"], "approvals": {"count": 0}, "requireReason": False}
PEOPLE = [
    *(resource("User", name, email=f"{name}@acme.example") for name in ("ann", "bob", "sec", "sid", "out")),
    resource("Group", "security", members={"users": ["sec", "sid", "dev"]}),
    resource("RoleBinding", "approvers", role="security-responder", subjects={"users": ["sec", "sid", "dev", "out"]}),
]


def glass(*grants: dict[str, Any], never: tuple[str, ...] = ("message",), name: str = "glass") -> dict[str, Any]:
    return resource(
        "ElevationPolicy", name, appliesTo={"groups": ["eng"]}, grants=list(grants), neverElevate=list(never)
    )


def resources(*extra: dict[str, Any], deny: tuple[str, ...] = ("exec", "web_fetch")) -> list[dict[str, Any]]:
    no_mail = resource("Policy", "no-mail", mode="guardrail", appliesTo="everyone", tools={"deny": ["process"]})
    return company(*PEOPLE, no_mail, *(extra or (glass(GRANT, FREE),)), deny=list(deny))


class Team:
    """The people, each in a session of their own, and the machine of one of them."""

    def __init__(self, api: Any) -> None:
        self.api = api
        self.agent = DecidingAgent(api, api.enroll())
        self.agent.poll()

    def token(self, person: str) -> str:
        return str(self.api.session(f"user:{person}")["accessToken"])

    def ask(self, person: str = "dev", **more: Any) -> Any:
        body = {"grant": "shell", "reason": "disk full", "ticket": "INC-1", "confirmation": "I watch it", **more}
        return self.api.post(ELEVATIONS, json=body, token=self.token(person))

    def asked(self, **more: Any) -> str:
        answer = self.ask(**more)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def judge(self, elevation: str, person: str, verb: str = "approvals") -> Any:
        return self.api.post(f"{ELEVATIONS}/{elevation}/{verb}", json={"reason": "ok"}, token=self.token(person))

    def revoke(self, elevation: str, person: str) -> Any:
        return self.api.delete(f"{ELEVATIONS}/{elevation}?reason=over", token=self.token(person))

    def runs(self, tool: str = "exec", **params: Any) -> bool:
        self.agent.poll()
        return self.agent.allows(tool, **(params or {"command": "ls"}))


@pytest.fixture
def team(api: Any) -> Team:
    api.apply(resources())
    return Team(api)


def tick(api: Any) -> None:
    for org in orgs_with_due_overlays(api.plane):
        tend_overlays(api.plane, org)


def records(api: Any) -> list[dict[str, Any]]:
    return [item for item in api.audit() if item["action"].startswith("elevations:") and item["outcome"] == "done"]


def test_somebody_asks_another_approves_and_it_ends_by_itself(team: Team, clock: MovableClock) -> None:
    elevation = team.asked(ttl=600)
    assert not team.runs()
    waiting = team.judge(elevation, "sec")
    assert waiting.status_code == 200, waiting.text
    view = waiting.json()
    assert (view["state"], view["until"]) == ("in-force", "2026-11-20T12:10:00Z")
    assert team.runs()
    decision = team.agent.decide("exec", command="ls")
    assert [record.code for record in decision.obligations.record] == ["elevated"]
    assert not team.agent.allows("process", action="list"), "no guardrail is ever lifted"
    assert not team.agent.allows("web_fetch", url="https://x.example")
    clock.move(seconds=600)
    assert not team.agent.allows("exec", command="ls"), "without a word of the server"
    tick(team.api)
    assert not team.runs()
    done = records(team.api)
    assert [item["action"] for item in done] == ["elevations:request", "elevations:approve", "elevations:expire"]
    assert [item["actor"] for item in done] == ["user:dev", "user:sec", "server"]
    assert {item["class"] for item in done} == {"emergency"}
    assert (done[1]["detail"]["ttl"], done[1]["detail"]["asked"], done[1]["detail"]["ticket"]) == (
        600,
        "disk full",
        "INC-1",
    )
    assert [item["after"]["state"] for item in done] == ["waiting", "in-force", "ended"]


def test_a_waiting_poll_brings_it_at_once(team: Team) -> None:
    elevation = team.asked()
    sec = team.token("sec")

    async def work() -> Any:
        async with team.api.client(team.agent.credential) as waiting, team.api.client(sec) as person:
            poll = asyncio.create_task(waiting.get("/v1/agent/policy?wait=30", headers=team.agent.tag))
            await asyncio.sleep(0.05)
            answer = await person.post(f"{ELEVATIONS}/{elevation}/approvals", json={})
            assert answer.status_code == 200
            return await asyncio.wait_for(poll, 10)

    answer = team.api.run(work())
    assert answer.status_code == 200
    team.agent.take(answer)
    assert team.agent.allows("exec", command="ls")


def test_every_way_to_an_agent_tells_the_same(team: Team) -> None:
    team.judge(team.asked(), "sec")
    state = team.api.plane.states.get("acme")
    with team.api.plane.store.transaction() as transaction:
        instance = transaction.instances.get("acme", team.agent.name)
    offer, bundle = offer_to(state, instance), team.api.plane.bundles.get(state, instance)
    assert offer.overlays == bundle.lease.overlays != overlays_digest(())
    beat = team.api.post("/v1/agent/heartbeat", token=team.agent.credential, json={})
    assert beat.status_code == 200
    team.agent.poll()
    team.agent.beat()
    assert team.agent.allows("exec", command="ls")


def test_nobody_approves_their_own_and_only_whom_the_policy_accepts(team: Team, problem: Any) -> None:
    elevation = team.asked()
    problem(team.judge(elevation, "dev"), 403, "own-elevation")
    refused = problem(team.judge(elevation, "out"), 403, "not-an-approver")
    assert refused["hint"] == "Those of the groups security do."
    problem(team.judge(elevation, "ann"), 403, "missing-permission")
    key = {"name": "pipeline", "permissions": ["elevations:approve"]}
    program = team.api.post("/v1/orgs/acme/tokens", json=key).json()["token"]
    problem(team.api.post(f"{ELEVATIONS}/{elevation}/approvals", json={}, token=program), 403, "not-a-person")
    problem(team.api.post(f"{ELEVATIONS}/{elevation}/approvals", json={}), 403, "not-an-approver")
    assert not team.runs()
    assert team.judge(elevation, "sec").json()["state"] == "in-force"
    problem(team.judge(elevation, "sid"), 409, "elevation-in-force")


def test_two_approvals_are_of_two_people(api: Any, problem: Any) -> None:
    api.apply(resources(glass({**GRANT, "approvals": {"count": 2}})))
    team = Team(api)
    elevation = team.asked()
    assert team.judge(elevation, "sec").json()["state"] == "waiting"
    problem(team.judge(elevation, "sec"), 403, "approved-already")
    assert not team.runs()
    assert team.judge(elevation, "out").json()["state"] == "in-force"
    assert team.runs()


def test_a_denied_one_is_over(team: Team, problem: Any) -> None:
    elevation = team.asked()
    denied = team.judge(elevation, "sec", "rejections").json()
    assert (denied["state"], denied["endedBy"], denied["endReason"]) == ("ended", "user:sec", "ok")
    problem(team.judge(elevation, "sid"), 404, "unknown-elevation")
    assert not team.runs()


def test_who_has_it_or_may_approve_it_ends_it(team: Team, problem: Any) -> None:
    elevation = team.asked()
    team.judge(elevation, "sec")
    assert team.runs()
    problem(team.revoke(elevation, "ann"), 403, "missing-permission")
    assert team.revoke(elevation, "dev").json()["state"] == "ended"
    assert not team.runs()
    assert records(team.api)[-1]["action"] == "elevations:revoke"


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"grant": "shel"}, "no-such-grant"),
        ({"tools": ["message"]}, "tool-not-in-grant"),
        ({"ttl": 7_200}, "ttl-too-long"),
        ({"reason": ""}, "reason-missing"),
        ({"ticket": None}, "ticket-missing"),
        ({"confirmation": "yes"}, "confirmation-missing"),
    ],
)
def test_what_no_policy_offers_is_refused(team: Team, problem: Any, more: dict[str, Any], code: str) -> None:
    refused = problem(team.ask(**more), 422, code)
    assert refused["hint"]
    assert team.api.get(ELEVATIONS).json() == {"elevations": []}


def test_one_at_a_time_and_not_again_at_once(team: Team, problem: Any, clock: MovableClock) -> None:
    elevation = team.asked()
    problem(team.ask(), 422, "too-many-active")
    team.judge(elevation, "sec")
    problem(team.ask(), 422, "too-many-active")
    team.revoke(elevation, "dev")
    problem(team.ask(), 422, "cooling-down")
    clock.move(minutes=10)
    assert team.ask().status_code == 201


def test_what_needs_no_approval_is_in_force_at_once(team: Team) -> None:
    answer = team.ask(grant="fetch", reason="", confirmation=None, ticket=None)
    assert answer.json()["state"] == "in-force"
    assert team.runs("web_fetch", url="https://x.example")


def test_only_a_person_who_signed_in_asks(team: Team, problem: Any) -> None:
    body = {"grant": "fetch"}
    problem(team.api.post(ELEVATIONS, json=body), 403, "not-a-person")
    problem(team.ask("bob", grant="fetch"), 404, "unknown-instance")
    key = {"name": "k", "permissions": ["decisions:read-own"]}
    made = team.api.post("/v1/orgs/acme/tokens", json=key, token=team.api.session("user:dev")["accessToken"])
    if made.status_code == 201:
        problem(team.api.post(ELEVATIONS, json=body, token=made.json()["token"]), 403, "not-a-person")


def test_an_agent_asks_for_its_person_only(team: Team, problem: Any) -> None:
    asked = team.api.post("/v1/agent/overlays", json={"grant": "fetch"}, token=team.agent.credential)
    assert (asked.status_code, asked.json()["user"], asked.json()["instance"]) == (201, "dev", team.agent.name)
    assert asked.json()["createdBy"] == f"instance:{team.agent.name}"
    assert team.runs("web_fetch", url="https://x.example")
    body = {"grant": "fetch", "user": "ann"}
    problem(team.api.post("/v1/agent/overlays", json=body, token=team.agent.credential), 422, "invalid-request")
    waiting = team.api.post(
        "/v1/agent/overlays",
        json={"grant": "shell", "reason": "x", "ticket": "y", "confirmation": "I watch it"},
        token=team.agent.credential,
    ).json()
    problem(team.judge(waiting["id"], "dev"), 403, "own-elevation")


def test_a_temporary_grant_is_given_by_somebody_else(team: Team, problem: Any) -> None:
    problem(team.ask("ann", user="dev"), 403, "missing-permission")
    problem(team.ask("out", user="dev"), 403, "not-an-approver")
    given = team.ask("sec", user="dev").json()
    assert (given["kind"], given["state"], given["approvals"][0]["by"]) == ("grant", "in-force", "user:sec")
    assert team.runs()
    (overlay,) = team.api.get("/v1/orgs/acme/overlays").json()["overlays"]
    assert (overlay["kind"], overlay["scope"], overlay["state"]) == ("grant", "user:dev", "on")
    problem(team.api.delete(f"/v1/orgs/acme/overlays/{overlay['id']}?reason=x"), 422, "revoke-instead")


def test_kill_and_quarantine_win(team: Team) -> None:
    team.judge(team.asked(), "sec")
    assert team.runs()
    kill = team.api.post("/v1/orgs/acme/overlays", json={"scope": "tool:exec", "reason": "x"}).json()["overlay"]
    assert not team.runs()
    team.api.delete(f"/v1/orgs/acme/overlays/{kill['id']}?reason=x")
    assert team.runs()
    shut_in = {"kind": "quarantine", "scope": f"instance:{team.agent.name}", "reason": "x"}
    assert team.api.post("/v1/orgs/acme/overlays", json=shut_in).status_code == 201
    assert not team.runs()


def test_a_policy_that_would_not_give_it_any_more_ends_it(team: Team, problem: Any) -> None:
    waiting = team.asked()
    team.judge(waiting, "sec")
    assert team.runs()
    never = resource("ElevationPolicy", "never", appliesTo={"users": ["dev"]}, neverElevate=["exec"])
    team.api.apply(resources(glass(GRANT, FREE), never))
    assert not team.runs(), "never elevated"
    team.api.apply(resources(glass({**GRANT, "approvals": {"count": 2}}, FREE)))
    assert not team.runs(), "needs another approval now"
    team.api.apply(resources(glass(GRANT, FREE)))
    assert team.runs()
    others = {"count": 1, "from": {"roles": ["admin"]}}
    team.api.apply(resources(glass({**GRANT, "approvals": others}, FREE)))
    assert not team.runs(), "other people must have approved it"
    team.api.apply(resources(glass({**GRANT, "approvals": {"count": 1}}, FREE)))
    assert team.runs(), "anybody's approval counts now"
    team.api.apply(resources(glass(FREE)))
    assert not team.runs()
    team.revoke(waiting, "dev")


def test_what_was_asked_for_under_another_policy_is_not_approved(team: Team, problem: Any) -> None:
    waiting = team.asked()
    team.api.apply(resources(glass(FREE)))
    problem(team.judge(waiting, "sec"), 409, "elevation-void")
    assert team.judge(waiting, "sec", "rejections").status_code == 200


def test_nobody_waits_longer_than_a_shift(team: Team, clock: MovableClock, problem: Any) -> None:
    waiting = team.asked()
    clock.move(hours=8)
    tick(team.api)
    problem(team.judge(waiting, "sec"), 404, "unknown-elevation")
    assert records(team.api)[-1]["action"] == "elevations:expire"


def test_everybody_sees_their_own(team: Team) -> None:
    waiting = team.asked()
    for person, sees in (("dev", [waiting]), ("sec", [waiting]), ("ann", [])):
        listed = team.api.get(ELEVATIONS, token=team.token(person)).json()["elevations"]
        assert [item["id"] for item in listed] == sees, person
    team.revoke(waiting, "dev")
    assert team.api.get(ELEVATIONS).json()["elevations"] == []
    (ended,) = team.api.get(f"{ELEVATIONS}?ended=3", token=team.token("dev")).json()["elevations"]
    assert (ended["state"], ended["endReason"]) == ("ended", "over")


def test_it_is_shown_where_exceptions_are(team: Team) -> None:
    team.judge(team.asked(), "sec")
    team.agent.poll()
    plan = team.api.plan(resources(deny=("read",)))
    assert [(item["kind"], item["scope"]) for item in plan["overlays"]] == [("elevation", "user:dev")]
    drift = team.api.get("/v1/orgs/acme/drift").json()["exceptions"]
    assert [(item["kind"], item["subject"]) for item in drift] == [("elevation", "dev")]
    body = {"user": "dev", "instance": team.agent.name, "tool": "exec", "params": {"command": "ls"}}
    assert team.api.post("/v1/orgs/acme/decide", json=body).json()["effect"] == "allow"


def test_a_suspended_person_has_nothing_lifted(team: Team) -> None:
    team.judge(team.asked(), "sec")
    assert team.runs()
    team.api.post("/v1/orgs/acme/users/dev/suspension", json={"reason": "gone"})
    assert not team.runs()
