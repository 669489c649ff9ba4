"""The verifier against logs that are made in memory: whole ones pass, and any change of one record is placed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from clawforge.ledger.checkpoint import Checkpoint
from clawforge.ledger.merkle import Frontier, Growth, frontier_of
from clawforge.ledger.purge import PurgedClass, PurgedRange, PurgeStatement
from clawforge.ledger.record import AuditEvent, leaf_of, payload_hash, payload_of
from clawforge.ledger.verification import Finding, LogVerifier, StoredNode, microseconds

AT = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
ZERO = "sha256:" + "0" * 64


def made(seq: int, **more: Any) -> AuditEvent:
    """A record that fits its own hashes."""
    fields: dict[str, Any] = {
        "at": AT + dt.timedelta(seconds=seq),
        "class_": "call",
        "actor": "instance:a",
        "action": "tool:call",
        "outcome": "allow",
        "detail": {"n": seq},
        "salt": f"{seq:016x}",
        **more,
    }
    event = AuditEvent(seq=seq, payload=ZERO, leaf=ZERO, **fields)
    event = event.model_copy(update={"payload": "sha256:" + payload_hash(payload_of(event)).hex()})
    return event.model_copy(update={"leaf": "sha256:" + leaf_of("acme", event).hex()})


def signed(events: Sequence[AuditEvent], size: int, previous: int = 0) -> Checkpoint:
    root = frontier_of(leaf_of("acme", event) for event in events[:size]).root
    return Checkpoint(org="acme", size=size, root="sha256:" + root.hex(), at=AT, epoch=1, previous=previous)


def stored(events: Sequence[AuditEvent]) -> list[StoredNode]:
    growth = Growth(Frontier())
    for event in events:
        growth.append(leaf_of("acme", event))
    moments = [microseconds(event.at) for event in events]
    return [
        StoredNode(
            level=node.level,
            index=node.index,
            hash="sha256:" + node.hash.hex(),
            earliest=min(moments[node.index << 8 : (node.index + 1) << 8]),
            latest=max(moments[node.index << 8 : (node.index + 1) << 8]),
        )
        for node in growth.completed
    ]


def findings(
    events: Sequence[AuditEvent], checkpoints: Sequence[Checkpoint] = (), nodes: Sequence[StoredNode] = ()
) -> tuple[Finding, ...]:
    verifier = LogVerifier("acme", tuple(checkpoints))
    for event in events:
        verifier.add(event)
    verifier.add_nodes(nodes)
    return verifier.finish(len(events))


LOG = [made(seq) for seq in range(1, 301)]
CHECKPOINTS = (signed(LOG, 100), signed(LOG, 300, 100))


def test_a_whole_log_has_no_findings() -> None:
    assert findings(LOG, CHECKPOINTS, stored(LOG)) == ()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 299), st.sampled_from(["actor", "action", "outcome", "class_", "target", "revision", "at", "seq"])
)
def test_an_edited_statement_is_placed(index: int, name: str) -> None:
    value: Any = {"revision": 9, "at": AT, "seq": index + 2}.get(name, "eve")
    changed = [*LOG]
    changed[index] = LOG[index].model_copy(update={name: value})
    found = findings(changed, CHECKPOINTS, stored(LOG))
    assert found
    assert found[0].seq in (index + 1, index + 2)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 299), st.sampled_from(["detail", "before", "address", "claimed", "salt"]))
def test_an_edited_payload_is_placed(index: int, name: str) -> None:
    value: Any = {"detail": {"n": -1}, "claimed": AT}.get(name, "eve")
    changed = [*LOG]
    changed[index] = LOG[index].model_copy(update={name: value})
    assert [(item.code, item.seq) for item in findings(changed, CHECKPOINTS, stored(LOG))] == [
        ("payload-edited", index + 1)
    ]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 299))
def test_a_deleted_record_is_placed(index: int) -> None:
    found = findings(LOG[:index] + LOG[index + 1 :], CHECKPOINTS, stored(LOG))
    assert found[0].seq == (index + 1 if index < 299 else 300)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 299))
def test_a_forged_record_with_fitting_hashes_is_found_between_two_checkpoints(index: int) -> None:
    forged = [*LOG]
    forged[index] = made(index + 1, actor="user:eve")
    found = findings(forged, CHECKPOINTS)
    assert [item.code for item in found] == ["root-mismatch"]
    assert found[0].seq <= index + 1
    assert found[0].seq == (1 if index < 100 else 101)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 299))
def test_truncation_is_found_by_a_checkpoint(size: int) -> None:
    found = LogVerifier("acme", CHECKPOINTS)
    for event in LOG[:size]:
        found.add(event)
    assert ("truncated", size + 1) in {(item.code, item.seq) for item in found.finish(size)}


def test_a_checkpoint_cannot_be_taken_out_of_the_middle() -> None:
    chain = (signed(LOG, 100), signed(LOG, 200, 100), signed(LOG, 300, 200))
    assert findings(LOG, chain, stored(LOG)) == ()
    assert [item.code for item in findings(LOG, (chain[0], chain[2]), stored(LOG))] == ["checkpoint-missing"]


def test_a_purge_explains_exactly_what_it_names() -> None:
    statement = PurgeStatement(
        classes={"call": PurgedClass(before=AT, records=50, ranges=(PurgedRange(first=1, last=50, records=50),))}
    )
    detail = statement.model_dump(mode="json", by_alias=True)
    gone = [event.model_copy(update={"payload_state": "absent", "detail": {}, "salt": None}) for event in LOG]
    purge = made(101, class_="purge", action="audit:purge", detail=detail)
    assert findings([*gone[:50], *LOG[50:100], purge]) == ()
    assert [(item.code, item.seq) for item in findings([*gone[:51], *LOG[51:100], purge])] == [("payload-missing", 51)]
    # A record of an agent that only looks like a purge explains nothing.
    agent = made(101, action="audit:purge", detail=detail)
    assert len(findings([*gone[:50], *LOG[50:100], agent])) == 50
    wrong = detail | {
        "classes": {"call": {**detail["classes"]["call"], "ranges": [{"first": 1, "last": 50, "records": 49}]}}
    }
    miscounted = made(101, class_="purge", action="audit:purge", detail=wrong)
    assert [item.code for item in findings([*gone[:50], *LOG[50:100], miscounted])] == ["purge-mismatch"]
