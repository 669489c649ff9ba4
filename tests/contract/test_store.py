"""What every store must keep of `clawforge_server.store.port`: one suite, run over each implementation."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clawforge.fleet_drift import Standing
from clawforge.meaning import Meaning
from clawforge.plan import Base, Plan, Summary
from clawforge.position import ResourcePosition
from clawforge.state import StateEntry, state_digest
from clawforge.wire import Revision
from clawforge_server.key_custody import FileCustody
from clawforge_server.store.audit_records import AuditQuery
from clawforge_server.store.port import Store
from clawforge_server.store.records import (
    AuditEntry,
    EnrollmentRecord,
    InstanceRecord,
    InstanceReport,
    JudgementRecord,
    KeyRecord,
    OrgRecord,
    PlanPayload,
    PlanRecord,
    RetiredCredential,
    TokenRecord,
)
from clawforge_server.store.sqlite.store import SqliteStore

NOW = dt.datetime(2026, 11, 20, 12, 0, 0, 123_456, tzinfo=dt.UTC)
DIGEST = "sha256:" + "0" * 64
Opener = Callable[[], Store]


@pytest.fixture(params=["sqlite"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Opener]:
    """Opens the store, again and again over the same data; all of them are closed afterwards."""
    opened: list[Store] = []

    def opener() -> Store:
        while opened:
            opened.pop().close()
        custody = FileCustody(tmp_path / "master-key", creates=True)
        opened.append({"sqlite": SqliteStore}[request.param](tmp_path / "store.db", custody))
        return opened[-1]

    yield opener
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Opener) -> Store:
    store = open_store()
    with store.transaction() as transaction:
        for name in ("acme", "other"):
            transaction.orgs.create(org(name))
    return store


def org(name: str = "acme") -> OrgRecord:
    return OrgRecord(name, NOW, 0, 1, 1, NOW.date(), DIGEST)


def entry(text: str, source: str = "policies") -> StateEntry:
    return StateEntry(source, text.encode(), f"sha256:{text:0<64}"[:71])


def plan(plan_id: str = "plan-1", *, expires_at: dt.datetime = NOW) -> PlanRecord:
    document = Plan(
        id=plan_id,
        org="acme",
        source="policies",
        base=Base(revision=0, digest=DIGEST),
        digest=DIGEST,
        state_digest=DIGEST,
        summary=Summary(),
        changes=(),
        meaning=Meaning(verdict="equal"),
        expires_at=expires_at.replace(microsecond=0),
    )
    position = ResourcePosition(file="a.yaml", line=1, fields={"/spec": 2})
    payload = PlanPayload(upserts={"Group/a": "{}"}, deletes=("Group/b",), positions={"Group/a": position})
    return PlanRecord(plan_id, NOW, expires_at, "token:t-1", "owner", document, payload)


def revision(number: int) -> Revision:
    return Revision(
        number=number,
        created_at=NOW,
        actor="owner",
        source="policies",
        summary=Summary(add=1),
        plan_id=f"plan-{number}",
        state_digest=DIGEST,
        change_digest=DIGEST,
    )


def instance(name: str = "i-1", org_name: str = "acme") -> InstanceRecord:
    return InstanceRecord(
        org_name, name, f"hash {org_name} {name}", "dev", ("eng",), {"env": "prod"}, "laptop", "openclaw", {}, "e", NOW
    )


def enrollment(name: str = "e-1", uses: int = 1) -> EnrollmentRecord:
    return EnrollmentRecord(
        name, "acme", f"hash {name}", "dev", None, ("eng",), {"a": "b"}, uses, uses, NOW, "owner", NOW
    )


def token(name: str = "t-1", org_name: str | None = "acme") -> TokenRecord:
    kind = "owner" if org_name is None else "api"
    return TokenRecord(name, org_name, kind, f"hash {name}", "robot", "owner", ("a:b",), NOW, "owner", NOW)


def test_orgs_round_trip_and_are_told_apart(store: Store) -> None:
    changed = dataclasses.replace(org(), revision=3, serial=7, horizon_day=dt.date(2026, 12, 1))
    key = KeyRecord("k", "root", 1, b"public", b"private", NOW)
    with store.transaction() as transaction:
        transaction.orgs.update(changed)
        transaction.orgs.add_key("acme", key)
    with store.transaction() as transaction:
        assert transaction.orgs.get("acme") == changed
        assert transaction.orgs.get("other") == org("other")
        assert transaction.orgs.get("nowhere") is None
        assert transaction.orgs.keys("acme") == (key,)
        assert transaction.orgs.keys("other") == ()


def test_an_exception_takes_everything_back(store: Store) -> None:
    def fail() -> None:
        with store.transaction() as transaction:
            transaction.orgs.create(org("third"))
            transaction.audit.append("third", AuditEntry(NOW, "owner", "x", "done"))
            transaction.resources.write("acme", 1, {"Group/a": entry("a")}, [])
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    with store.transaction() as transaction:
        assert transaction.orgs.get("third") is None
        assert transaction.audit.page("third", AuditQuery()).events == ()
        assert transaction.resources.entries("acme") == {}


def test_what_was_committed_is_there_after_reopening(open_store: Opener) -> None:
    with open_store().transaction() as transaction:
        transaction.orgs.create(org())
        transaction.tokens.add(token(org_name=None))
    with open_store().transaction() as transaction:
        assert transaction.orgs.get("acme") == org()
        assert transaction.tokens.has_owner()


def test_state_history_and_changes(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.resources.write("acme", 1, {"Group/b": entry("b1"), "Group/a": entry("a1")}, [])
        transaction.resources.write("acme", 2, {"Group/a": entry("a2")}, ["Group/b"])
        transaction.resources.write("other", 1, {"Group/a": entry("x")}, [])
    with store.transaction() as transaction:
        resources = transaction.resources
        assert resources.entries("acme") == {"Group/a": entry("a2")}
        assert list(resources.entries_at("acme", 1)) == ["Group/a", "Group/b"]
        assert resources.entries_at("acme", 1)["Group/a"] == entry("a1")
        assert resources.entries_at("acme", 2) == resources.entries("acme")
        assert resources.entries_at("acme", 0) == {}
        assert resources.changed_since("acme", 0) == ("Group/a", "Group/b")
        assert resources.before("acme", 2) == {"Group/a": entry("a1"), "Group/b": entry("b1")}
        assert resources.before("acme", 1) == {"Group/a": None, "Group/b": None}
        assert resources.before("acme", 3) == resources.before("other", 2) == {}
        assert resources.changed_since("acme", 2) == ()


STEP = st.tuples(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from("123"), max_size=3), st.sets(st.sampled_from("abcd"))
)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=st.lists(STEP, max_size=6))
def test_history_is_what_a_dictionary_would_remember(open_store: Opener, steps: list[Any]) -> None:
    store = open_store()
    name = f"h{abs(hash(str(steps)))}"[:40]
    present: dict[str, StateEntry] = {}
    past: list[dict[str, StateEntry]] = [{}]
    gone_in: list[set[str]] = []
    with store.transaction() as transaction:
        if transaction.orgs.get(name) is not None:
            return
        transaction.orgs.create(org(name))
        for number, (upserts, deletes) in enumerate(steps, start=1):
            written = {key: entry(key + value) for key, value in upserts.items()}
            gone = {key for key in deletes if key in present and key not in written}
            transaction.resources.write(name, number, written, gone)
            gone_in.append(gone)
            present = {key: value for key, value in {**present, **written}.items() if key not in gone}
            past.append(present)
        assert transaction.resources.entries(name) == dict(sorted(present.items()))
        for number, expected in enumerate(past):
            found = transaction.resources.entries_at(name, number)
            assert found == expected
            undone = transaction.resources.before(name, number)
            changed = {*steps[number - 1][0], *gone_in[number - 1]} if number else set()
            assert undone == {key: past[number - 1].get(key) for key in sorted(changed)}
            assert state_digest((key, item.digest) for key, item in found.items())


def test_positions_are_replaced_by_source(store: Store) -> None:
    here, there = (ResourcePosition(file=name, line=1, fields={"/spec": 2}) for name in ("a.yaml", "b.yaml"))
    with store.transaction() as transaction:
        transaction.resources.place("acme", "one", {"Group/a": here, "Group/b": here}, "c" * 40)
        transaction.resources.place("acme", "two", {"Group/c": here}, None)
        transaction.resources.place("acme", "one", {"Group/a": there}, None)
        transaction.resources.place("other", "one", {}, None)
        assert transaction.resources.positions("acme") == {"Group/a": there, "Group/c": here}


def test_revisions_are_paged(store: Store) -> None:
    with store.transaction() as transaction:
        for number in (1, 2, 3):
            transaction.revisions.add("acme", revision(number))
        assert transaction.revisions.get("acme", 2) == revision(2)
        assert transaction.revisions.get("acme", 4) is None
        assert transaction.revisions.get("other", 2) is None
        assert [item.number for item in transaction.revisions.page("acme", None, 2)] == [3, 2]
        assert [item.number for item in transaction.revisions.page("acme", 2, 9)] == [1]


def test_judgements_are_found_for_every_plan_of_the_same_change_and_meaning(store: Store) -> None:
    later, change, meaning = NOW + dt.timedelta(hours=1), "sha256:" + "1" * 64, "sha256:" + "2" * 64

    def judgement(plan_id: str, reviewer: str, *, digest: str = change, means: str = meaning) -> JudgementRecord:
        return JudgementRecord(plan_id, reviewer, "owner", NOW, "approved", digest, "why", "session-1", means)

    with store.transaction() as transaction:
        plans = transaction.plans
        for name, expires in (("here", NOW), ("like", later), ("over", NOW), ("used", later), ("else", later)):
            plans.add("acme", plan(name, expires_at=expires))
        plans.add("other", plan("foreign", expires_at=later))
        plans.mark_applied("acme", "used", "{}")
        here = judgement("here", "user:a", digest="sha256:" + "9" * 64)
        like = judgement("like", "user:b")
        for record in (
            here,
            like,
            judgement("over", "user:c"),
            judgement("used", "user:d"),
            judgement("else", "user:e", digest="sha256:" + "8" * 64),
            judgement("else", "user:f", means="sha256:" + "8" * 64),
        ):
            plans.judge("acme", record)
        plans.judge("other", judgement("foreign", "user:g"))
        assert plans.judgements("acme", "here", change, meaning, NOW) == (here, like)
        assert plans.judgements("acme", "none", change, meaning, NOW) == (like,)
        assert plans.judgements("acme", "none", change, meaning, later) == ()
        assert plans.judgements("other", "here", change, meaning, NOW) == (judgement("foreign", "user:g"),)
        again = dataclasses.replace(like, verdict="rejected", at=later)
        plans.judge("acme", again)
        assert plans.judgements("acme", "none", change, meaning, NOW) == (again,)


def test_plans_are_kept_marked_and_forgotten(store: Store) -> None:
    later = NOW + dt.timedelta(days=1)
    with store.transaction() as transaction:
        for record in (plan("old"), plan("used"), plan("new", expires_at=later)):
            transaction.plans.add("acme", record)
        assert transaction.plans.get("acme", "new") == plan("new", expires_at=later)
        assert transaction.plans.get("other", "new") is None
        transaction.plans.mark_applied("acme", "used", "{}")
        transaction.plans.forget_expired("acme", later)
        assert transaction.plans.get("acme", "old") is None
        used = transaction.plans.get("acme", "used")
        assert used is not None
        assert (used.payload, used.result) == (None, "{}")
        assert transaction.plans.get("acme", "new") is not None


def test_the_log_counts_without_gaps_for_each_org(store: Store) -> None:
    with store.transaction() as transaction:
        numbers = [
            transaction.audit.append(name, AuditEntry(NOW, "owner", "x", "done", {"n": [1, "ü"]}))
            for name in ("acme", "other", "acme", "acme")
        ]
        assert numbers == [1, 1, 2, 3]
        page = transaction.audit.page("acme", AuditQuery(cursor=1, limit=1))
        assert [(item.seq, item.at, item.detail) for item in page.events] == [(2, NOW, {"n": [1, "ü"]})]
        assert page.next == 2


def test_tokens_are_found_by_hash_and_revoked_in_their_org_only(store: Store) -> None:
    with store.transaction() as transaction:
        assert not transaction.tokens.has_owner()
        transaction.tokens.add(token())
        transaction.tokens.add(token("owner", None))
        assert transaction.tokens.has_owner()
        assert transaction.tokens.find("hash t-1") == token()
        assert transaction.tokens.find("hash") is None
        assert transaction.tokens.get("acme", "t-1") == token()
        assert transaction.tokens.get("other", "t-1") is None
        assert transaction.tokens.list("acme") == (token(),)
        assert transaction.tokens.revoke("other", "t-1", NOW) == ()
        assert transaction.tokens.revoke("acme", "owner", NOW) == ()
        assert transaction.tokens.revoke("acme", "t-1", NOW) == ("hash t-1",)
        assert transaction.tokens.revoke("acme", "t-1", NOW) == ()
        found = transaction.tokens.find("hash t-1")
        assert found is not None
        assert found.revoked_at == NOW


def test_enrolments_count_down_to_nothing(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.enrollments.add(enrollment(uses=2))
        assert transaction.enrollments.find("hash e-1") == enrollment(uses=2)
        assert not transaction.enrollments.use("other", "e-1")
        assert [transaction.enrollments.use("acme", "e-1") for _ in range(3)] == [True, True, False]
        assert transaction.enrollments.list("other") == ()
        assert transaction.enrollments.revoke("acme", "e-1", NOW)
        assert not transaction.enrollments.revoke("acme", "e-1", NOW)


def test_an_enrolment_keeps_where_it_comes_from(store: Store) -> None:
    templated = dataclasses.replace(enrollment(), template="laptops", require_approval=True)
    with store.transaction() as transaction:
        transaction.enrollments.add(templated)
    with store.transaction() as transaction:
        assert transaction.enrollments.list("acme") == (templated,)


def test_an_instance_waits_until_it_is_approved_or_too_late(store: Store) -> None:
    until = NOW + dt.timedelta(days=7)
    waiting = [dataclasses.replace(instance(name), pending_until=until) for name in ("i-1", "i-2", "i-3")]
    with store.transaction() as transaction:
        for record in waiting:
            transaction.instances.add(record)
        approve = transaction.instances.approve
        assert not approve("other", "i-1", NOW, "user:ann", None)
        assert not approve("acme", "i-1", until, "user:ann", None)
        assert approve("acme", "i-1", NOW, "user:ann", "seen")
        assert not approve("acme", "i-1", NOW, "user:ann", "seen")
        assert transaction.instances.revoke("acme", "i-2", NOW, "not ours")
        assert not approve("acme", "i-2", NOW, "user:ann", None)
        first, second, third = transaction.instances.list("acme")
    assert (first.approved_by, first.approved_at, first.reason) == ("user:ann", NOW, "seen")
    assert [item.state_at(NOW) for item in (first, second, third)] == ["active", "rejected", "pending"]
    assert third.state_at(until) == "expired"
    assert dataclasses.replace(first, revoked_at=NOW).state_at(NOW) == "revoked"


def test_a_credential_takes_the_place_of_another(store: Store) -> None:
    later = NOW + dt.timedelta(minutes=10)
    with store.transaction() as transaction:
        transaction.instances.add(instance())
        transaction.instances.add(instance("i-1", "other"))
        transaction.instances.offer("acme", "i-1", "hash lost", later)
        transaction.instances.offer("acme", "i-1", "hash next", later)
        offered = dataclasses.replace(instance(), next_sha256="hash next", next_until=later)
        assert transaction.instances.find("hash next") == transaction.instances.find("hash acme i-1") == offered
        assert transaction.instances.find("hash lost") is None
    with store.transaction() as transaction:
        rotated = transaction.instances.rotate(offered, NOW)
        assert rotated == dataclasses.replace(instance(), sha256="hash next", rotated_at=NOW)
        assert transaction.instances.get("acme", "i-1") == transaction.instances.find("hash next") == rotated
        assert transaction.instances.find("hash acme i-1") is None
        retired = RetiredCredential("acme", "hash acme i-1", "i-1", NOW)
        assert transaction.instances.retired("hash acme i-1") == retired
        transaction.instances.note_shown(retired, later)
        assert transaction.instances.retired("hash acme i-1") == dataclasses.replace(retired, shown_at=later)
        assert transaction.instances.retired("hash next") is None
        assert transaction.instances.get("other", "i-1") == instance("i-1", "other")


def test_instances_are_found_by_many_credentials_at_once(store: Store) -> None:
    waiting = dataclasses.replace(instance("i-3"), next_sha256="hash next", next_until=NOW)
    with store.transaction() as transaction:
        for record in (instance(), instance("i-2"), waiting, instance("i-1", "other")):
            transaction.instances.add(record)
        hashes = ["hash acme i-1", "hash other i-1", "hash next", "hash acme i-3", "unknown"]
        found = transaction.instances.with_credentials("acme", hashes)
        assert {record.name for record in found} == {"i-1", "i-3"}
        assert transaction.instances.with_credentials("acme", []) == ()


def test_instances_report_in_batches(store: Store) -> None:
    later = NOW + dt.timedelta(seconds=5)
    with store.transaction() as transaction:
        for record in (instance(), instance("i-2"), instance("i-1", "other")):
            transaction.instances.add(record)
        transaction.instances.report(
            [
                InstanceReport("acme", "i-1", NOW, DIGEST, {"host": "1"}, NOW, "signal 9", 2, {"slack": "down"}),
                InstanceReport("acme", "i-1", later),
                InstanceReport("acme", "nobody", NOW),
            ]
        )
        reported = dataclasses.replace(
            instance(),
            last_seen=later,
            acknowledged=DIGEST,
            versions={"host": "1"},
            started_at=NOW,
            last_exit="signal 9",
            crashes=2,
            channels={"slack": "down"},
        )
        assert transaction.instances.list("acme") == (reported, instance("i-2"))
        assert transaction.instances.get("other", "i-1") == instance("i-1", "other")
        assert transaction.instances.find("hash acme i-2") == instance("i-2")
        assert not transaction.instances.revoke("other", "i-2", NOW)
        assert transaction.instances.revoke("acme", "i-2", NOW)


def test_the_standing_of_those_that_are_active_comes_at_once(store: Store) -> None:
    tagged = dataclasses.replace(instance("i-3"), groups=("eng", "ops"), tags={"env": "lab", "a": "b"})
    waiting = dataclasses.replace(instance("i-2"), pending_until=NOW + dt.timedelta(days=7))
    with store.transaction() as transaction:
        for record in (tagged, waiting, instance("i-4"), instance("i-1"), instance("i-1", "other")):
            transaction.instances.add(record)
        transaction.instances.revoke("acme", "i-4", NOW)
        transaction.instances.report([InstanceReport("acme", "i-3", NOW, DIGEST)])
    with store.transaction() as transaction:
        first, second = transaction.instances.standings("acme")
        assert [item.name for item in transaction.instances.standings("other")] == ["i-1"]
        assert transaction.instances.standings("nobody") == ()
    assert (first.name, first.user, first.acknowledged, first.last_seen) == ("i-1", instance().user, None, None)
    # Tags come sorted: machines that have the same ones are of one kind, whoever named them in which order.
    assert second == Standing("i-3", tagged.user, ("eng", "ops"), (("a", "b"), ("env", "lab")), DIGEST, NOW)


def test_writers_never_interleave(store: Store) -> None:
    def count() -> None:
        for _ in range(20):
            with store.transaction() as transaction:
                found = transaction.orgs.get("acme")
                assert found is not None
                transaction.orgs.update(dataclasses.replace(found, serial=found.serial + 1))

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.transaction() as transaction:
        found = transaction.orgs.get("acme")
        assert found is not None
        assert found.serial == 1 + 6 * 20


def test_a_store_is_ready_until_it_is_closed(store: Store) -> None:
    store.check_ready()
