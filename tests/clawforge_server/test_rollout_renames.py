"""Users that are renamed while some machines are held back: whose guardrails, groups and stops these keep."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from rollout_world import CLOSED, OPEN, RINGS, Fleet, status, tick
from server_app import Api, MovableClock, opened_api
from server_process import company, resource

MAILS = ("one", "two")


def org(deny: list[str], *names: str, rings: list[dict[str, Any]] = RINGS) -> list[dict[str, Any]]:
    """Two people, of whom only the first may not read, by name and as a member of a group."""
    users = [resource("User", name, email=f"{mail}@acme.example") for name, mail in zip(names, MAILS, strict=True)]
    return company(
        *users,
        resource("Group", "lab", members={"users": [names[0]]}),
        resource("Policy", "own", appliesTo={"users": [names[0]]}, mode="guardrail", tools={"deny": ["read"]}),
        resource("Policy", "ours", appliesTo={"groups": ["lab"]}, mode="guardrail", tools={"deny": ["web_fetch"]}),
        resource("ChangePolicy", "slowly", rollout={"rings": rings}),
        deny=deny,
    )


def moved(*pairs: tuple[str, str]) -> list[dict[str, str]]:
    return [{"from": f"User/{former}", "to": f"User/{later}"} for former, later in pairs]


class Pair(Fleet):
    """A machine of each; no ring means them by their tags or groups."""

    def __init__(self, api: Api, *names: str) -> None:
        self.api = api
        self.machines = {mail: api.enroll(name) for mail, name in zip(MAILS, names, strict=True)}

    def told(self, name: str) -> tuple[int, str, list[str], set[str]]:
        """Revision, user, groups, and what every policy of a machine denies."""
        bundle = self.bundle(name)
        denied = [set(item["enforced"]["tools"]["deny"]) for item in bundle["policies"].values()]
        return bundle["revision"], bundle["user"], bundle["groups"], set.intersection(*denied)


OWN = {"read", "web_fetch"}


@pytest.fixture
def pair(api: Api) -> Pair:
    api.apply(org(CLOSED, "ann", "bea"))
    pair = Pair(api, "ann", "bea")
    assert pair.told("one") == (1, "ann", ["lab"], {*CLOSED, *OWN})
    assert pair.told("two") == (1, "bea", [], {*CLOSED})
    return pair


@pytest.mark.parametrize("deny", [OPEN, CLOSED], ids=["with-a-loosening", "alone"])
def test_a_renamed_user_keeps_guardrails_and_groups(api: Api, pair: Pair, deny: list[str]) -> None:
    api.apply(org(deny, "zoe", "bea"), moved=moved(("ann", "zoe")))
    assert status(api)["state"] == "baking"
    assert pair.told("one") == (1, "zoe", ["lab"], {*CLOSED, *OWN})
    assert pair.told("two") == (1, "bea", [], {*CLOSED})
    for minutes in (30, 120):
        api.clock.move(minutes=minutes)
        tick(api)
    assert pair.told("one") == (2, "zoe", ["lab"], {*deny, *OWN})


def test_two_who_exchange_their_names_keep_each_their_own(api: Api, pair: Pair) -> None:
    api.apply(org(OPEN, "kim", "bea"), moved=moved(("ann", "kim")))
    api.apply(org(OPEN, "kim", "ann"), moved=moved(("bea", "ann")))
    assert pair.told("one") == (1, "kim", ["lab"], {*CLOSED, *OWN})
    assert pair.told("two") == (1, "ann", [], {*CLOSED})
    api.apply(org(OPEN, "bea", "ann"), moved=moved(("kim", "bea")))
    assert pair.told("one") == (1, "bea", ["lab"], {*CLOSED, *OWN})
    assert pair.told("two") == (1, "ann", [], {*CLOSED})


def test_a_rename_while_a_rollout_is_open_and_another_after_it(api: Api, pair: Pair) -> None:
    api.apply(org(OPEN, "ann", "bea"))
    for revision, (former, later) in enumerate((("ann", "zoe"), ("zoe", "kim")), start=3):
        api.apply(org(OPEN, later, "bea"), moved=moved((former, later)))
        assert (status(api)["revision"], status(api)["held"]) == (revision, 1)
        assert pair.told("one") == (1, later, ["lab"], {*CLOSED, *OWN})


def test_a_restart_forgets_no_name(tmp_path: Path, clock: MovableClock) -> None:
    with opened_api(tmp_path / "data", clock) as api:
        api.apply(org(CLOSED, "ann", "bea"))
        pair = Pair(api, "ann", "bea")
        api.apply(org(OPEN, "zoe", "bea"), moved=moved(("ann", "zoe")))
    with opened_api(tmp_path / "data", clock) as api:
        pair.api = api
        assert pair.told("one") == (1, "zoe", ["lab"], {*CLOSED, *OWN})


def test_a_suspension_follows_the_name_to_machines_that_are_held_back(api: Api, pair: Pair) -> None:
    assert api.post("/v1/orgs/acme/users/ann/suspension", json={"reason": "x"}).status_code == 201
    api.apply(org(OPEN, "zoe", "bea"), moved=moved(("ann", "zoe")))
    bundle = pair.bundle("one")
    assert bundle["revision"] == 1
    assert all(item["enforced"]["tools"].get("allow") == [] for item in bundle["policies"].values())


def test_rings_mean_the_same_people_after_a_rename(api: Api) -> None:
    rings = [
        {
            "name": "all-but-one",
            "appliesTo": {"tags": {"kind": ["laptop"]}, "except": {"users": ["ann"]}},
            "bake": "1h",
        },
        {"name": "engineers", "appliesTo": {"groups": ["eng"]}, "bake": "2h"},
    ]
    api.apply(org(CLOSED, "ann", "bea", rings=rings))
    pair = Pair(api, "ann", "bea")
    for machine in pair.machines.values():
        body = {"instances": [machine["instance"]], "set": {"kind": "laptop"}}
        assert api.post("/v1/orgs/acme/fleet/tags", json=body).status_code == 200
    later = [rings[0] | {"appliesTo": {"tags": {"kind": ["laptop"]}, "except": {"users": ["zoe"]}}}, rings[1]]
    api.apply(org(OPEN, "zoe", "bea", rings=later), moved=moved(("ann", "zoe")))
    assert pair.revisions() == [1, 2]


def test_what_speaks_of_the_machine_knows_it_too(api: Api, pair: Pair) -> None:
    api.apply(org(OPEN, "zoe", "bea"), moved=moved(("ann", "zoe")))
    pair.acknowledge()
    counts = api.get("/v1/orgs/acme/drift").json()["counts"]
    assert (counts["total"], counts["held"], counts["behind"]) == (2, 2, 0)
    name = pair.machines["one"]["instance"]
    call = {"user": "zoe", "instance": name, "tool": "read", "params": {"path": "a"}}
    assert api.post("/v1/orgs/acme/decide", json=call).json()["effect"] == "deny"
    assert api.get(f"/v1/orgs/acme/effective?user=zoe&instance={name}").json()["revision"] == 1
