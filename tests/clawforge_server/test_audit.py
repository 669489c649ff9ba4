"""The audit log over HTTP: what is kept, who may read it, pages, filters, proofs, checkpoints."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from clawforge.ledger.checkpoint import SignedCheckpoint, open_checkpoint
from clawforge.ledger.merkle import proves_consistency, proves_inclusion
from clawforge.ledger.record import AuditEvent, leaf_of, payload_hash, payload_of
from clawforge.wire_audit import AuditPage
from clawforge_server.store.records import AuditEntry


def company(deny: list[str] | None = None) -> list[dict[str, Any]]:
    tools = {"deny": deny} if deny else {}
    return [
        {"apiVersion": "clawforge/v1", "kind": "Organization", "metadata": {"name": "acme"}, "spec": {}},
        {
            "apiVersion": "clawforge/v1",
            "kind": "User",
            "metadata": {"name": "dev"},
            "spec": {"email": "dev@acme.example"},
        },
        {
            "apiVersion": "clawforge/v1",
            "kind": "Policy",
            "metadata": {"name": "default"},
            "spec": {"appliesTo": "everyone", "tools": tools},
        },
    ]


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("sha256:"))


def fill(api: Any, count: int, *, org: str = "acme", actor: str = "user:ann") -> None:
    entries = [
        AuditEntry(api.clock.now(), f"{actor}{number % 3}", "x:do", "done", {"n": number}) for number in range(count)
    ]
    with api.plane.store.transaction() as transaction:
        transaction.audit.append_all(org, entries)


def test_a_record_says_who_what_where_and_before_and_after(api: Any) -> None:
    api.apply(company())
    api.apply(company(deny=["exec"]))
    event = api.audit()[-1]
    assert (event["actor"], event["action"], event["outcome"], event["class"]) == (
        "owner",
        "plans:apply",
        "done",
        "policy",
    )
    assert event["address"] == "192.0.2.1"
    assert len(event["request"]) == 32
    assert event["credential"].startswith("token-")
    assert event["revision"] == 2
    assert (event["before"]["revision"], event["after"]["revision"]) == (1, 2)
    changed = event["detail"]["changes"]["resources"]
    assert [item["address"] for item in changed] == ["Policy/default"]
    assert changed[0]["fields"]


def test_every_record_fits_its_own_hashes(api: Any) -> None:
    api.apply(company())
    for event in AuditPage.model_validate_json(api.get("/v1/orgs/acme/audit").content).events:
        assert payload_hash(payload_of(event)) == raw(event.payload)
        assert leaf_of("acme", event) == raw(event.leaf)


def test_pages_stay_the_same_while_records_come_in(api: Any) -> None:
    api.apply(company())
    fill(api, 50)
    seen: list[int] = []
    cursor: int | None = None
    while True:
        more = f"&before={cursor}" if cursor is not None else ""
        page = api.get(f"/v1/orgs/acme/audit?order=newest&limit=7{more}").json()
        seen += [event["seq"] for event in page["events"]]
        fill(api, 3)
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == list(range(seen[0], 0, -1))


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_filters_find_exactly_what_fits(api: Any, order: str) -> None:
    api.apply(company())
    start = api.clock.now()
    for _ in range(4):
        fill(api, 150)
        api.clock.move(hours=1)
    cursor = "after" if order == "oldest" else "before"
    everything = api.audit() and _all(api, order, cursor, "")
    for name, value, fits in (
        ("actor", "user:ann1", lambda event: event["actor"] == "user:ann1"),
        ("action", "x:do", lambda event: event["action"] == "x:do"),
        ("class", "policy", lambda event: event["class"] == "policy"),
        ("outcome", "refused", lambda event: event["outcome"] == "refused"),
        ("target", "org/acme", lambda event: event["target"] == "org/acme"),
        ("since", "2026-11-20T14:00:00Z", lambda event: event["at"] >= "2026-11-20T14:00:00Z"),
        ("until", "2026-11-20T13:00:00Z", lambda event: event["at"] < "2026-11-20T13:00:00Z"),
    ):
        found = _all(api, order, cursor, f"&{name}={value}")
        assert found == [event for event in everything if fits(event)], name
    assert start.hour == 12


def _all(api: Any, order: str, cursor: str, filters: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    position = ""
    while True:
        page = api.get(f"/v1/orgs/acme/audit?order={order}&limit=97{filters}{position}").json()
        found += page["events"]
        if page["next"] is None:
            return found
        position = f"&{cursor}={page['next']}"


def test_a_clock_that_jumped_hides_nothing_from_a_time_range(api: Any) -> None:
    api.apply(company())
    fill(api, 600)
    api.clock.move(days=-400)
    fill(api, 300)
    api.clock.move(days=800)
    fill(api, 300)
    found = _all(api, "newest", "before", "&until=2026-01-01T00:00:00Z")
    assert len(found) == 300


@pytest.mark.parametrize(
    "query",
    [
        "order=up",
        "limit=0",
        "limit=1001",
        "after=-1",
        "since=yesterday",
        "actor=",
        "instance=a&actor=user:b",
        "limit=1&limit=2",
    ],
)
def test_a_wrong_query_is_refused(api: Any, problem: Any, query: str) -> None:
    api.apply(company())
    problem(api.get(f"/v1/orgs/acme/audit?{query}"), 400, "bad-parameter")


def test_orgs_see_their_own_records_only(api: Any) -> None:
    api.apply(company())
    other = [{**company()[0], "metadata": {"name": "other"}}]
    api.apply([*other, *company()[1:]], org="other")
    token = api.token("audit:read", org="other")
    assert api.get("/v1/orgs/acme/audit", token=token).status_code == 403
    assert api.get("/v1/orgs/acme/audit/stream", token=token).status_code == 403
    assert api.get("/v1/orgs/acme/audit/checkpoints", token=token).status_code == 403
    assert api.get("/v1/orgs/acme/audit/proofs?seq=1", token=token).status_code == 403
    own = api.get("/v1/orgs/other/audit?limit=1000", token=token).json()["events"]
    assert "acme" not in str([event["after"] for event in own])
    assert [event["seq"] for event in own] == list(range(1, len(own) + 1))


def test_checkpoints_verify_from_the_root_key_on(api: Any) -> None:
    api.apply(company())
    answer = api.get("/v1/orgs/acme/audit/checkpoints").json()
    assert answer["damage"] is None
    signed = SignedCheckpoint.model_validate(answer["checkpoints"][-1]["signed"])
    checkpoint = open_checkpoint(signed, base64.b64decode(answer["rootKey"]), org="acme")
    assert (checkpoint.size, checkpoint.root) == (answer["size"], answer["root"])
    assert checkpoint.size == len(api.audit())


def test_proofs_lead_to_the_signed_root(api: Any) -> None:
    api.apply(company())
    fill(api, 700)
    old = api.get("/v1/orgs/acme/audit/checkpoints").json()
    fill(api, 333)
    new = api.get("/v1/orgs/acme/audit/checkpoints").json()
    for seq in (1, 2, 255, 256, 257, 512, 700, new["size"]):
        answer = api.get(f"/v1/orgs/acme/audit/proofs?seq={seq}").json()
        proof = [raw(item) for item in answer["proof"]]
        assert proves_inclusion(seq - 1, new["size"], raw(answer["leaf"]), proof, raw(new["root"]))
    answer = api.get(f"/v1/orgs/acme/audit/proofs?old={old['size']}").json()
    proof = [raw(item) for item in answer["proof"]]
    assert proves_consistency(old["size"], raw(old["root"]), new["size"], raw(new["root"]), proof)


@pytest.mark.parametrize("query", ["", "seq=1&old=1"])
def test_a_proof_is_of_one_thing(api: Any, problem: Any, query: str) -> None:
    api.apply(company())
    problem(api.get(f"/v1/orgs/acme/audit/proofs?{query}"), 400, "bad-parameter")


def test_there_is_no_proof_of_what_is_not_there(api: Any, problem: Any) -> None:
    api.apply(company())
    problem(api.get("/v1/orgs/acme/audit/proofs?seq=999"), 404, "unknown-record")
    problem(api.get("/v1/orgs/acme/audit/proofs?old=999"), 404, "unknown-record")


def test_a_change_that_cannot_be_recorded_does_not_happen(api: Any, problem: Any) -> None:
    api.apply(company())
    plan = api.plan(company(deny=["read"]))
    connection = api.plane.store._database._connection
    # Somebody cut the log: the next number is taken already.
    connection.execute("UPDATE audit_heads SET size = 3, frontier = zeroblob(64) WHERE org = 'acme'")
    problem(api.send_apply(plan), 503, "audit-unavailable")
    assert api.get("/v1/orgs/acme/state").json()["revision"] == 1


def test_the_server_signs_nothing_that_does_not_follow_from_what_it_signed(api: Any) -> None:
    api.apply(company())
    api.post("/v1/orgs/acme/audit/purge", json={"reason": "to have a kept checkpoint"})
    connection = api.plane.store._database._connection
    connection.execute("UPDATE audit_leaves SET leaf = zeroblob(32) WHERE org = 'acme' AND seq = 2")
    before = api.get("/v1/orgs/acme/audit/checkpoints").json()
    assert before["damage"]
    fill(api, 1)
    after = api.get("/v1/orgs/acme/audit/checkpoints").json()
    assert after["damage"]
    assert after["checkpoints"] == before["checkpoints"]


def test_a_page_of_large_records_is_short(api: Any) -> None:
    api.apply(company())
    large = [AuditEntry(api.clock.now(), "instance:a", "tool:call", "allow", {"text": "x" * 3_000_000})] * 6
    with api.plane.store.transaction() as transaction:
        transaction.audit.append_all("acme", large)
    page = api.get("/v1/orgs/acme/audit?action=tool:call").json()
    assert len(page["events"]) == 3
    assert page["next"] == page["events"][-1]["seq"]
    assert len(_all(api, "newest", "before", "&action=tool:call")) == 6


def test_the_server_itself_has_a_log(api: Any) -> None:
    from clawforge_server.service.audit_trail import SERVER_LOG
    from clawforge_server.store.audit_records import AuditQuery

    with api.plane.store.transaction() as transaction:
        events: tuple[AuditEvent, ...] = transaction.audit.page(SERVER_LOG, AuditQuery()).events
    assert [(event.actor, event.action) for event in events] == [("server", "tokens:create")]


def test_only_the_owner_reads_the_server_s_log_and_nobody_makes_an_org_of_it(api: Any, problem: Any) -> None:
    api.apply(company())
    problem(api.get("/v1/orgs/_server/audit", token=api.token("audit:read")), 403, "wrong-org")
    problem(api.get("/v1/orgs/_server/state"), 404, "unknown-org")
    body = {"source": "policies", "resources": company(), "positions": {}}
    problem(api.post("/v1/orgs/_server/plans", json=body), 404, "unknown-org")
    events = api.get("/v1/orgs/_server/audit").json()["events"]
    assert [(event["action"], event["outcome"]) for event in events] == [
        ("tokens:create", "done"),
        ("plans:create", "refused"),
    ]
