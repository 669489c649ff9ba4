"""The published vectors of the ledger."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from clawforge.errors import UntrustedError
from clawforge.ledger.checkpoint import SignedCheckpoint, open_checkpoint
from clawforge.ledger.merkle import frontier_of, proves_consistency, proves_inclusion
from clawforge.ledger.record import AuditEvent, leaf_of, payload_hash, payload_of

VECTORS = json.loads((Path(__file__).resolve().parents[3] / "schemas" / "vectors" / "ledger.json").read_text())
RECORDS = VECTORS["records"]
EVENTS = [AuditEvent.model_validate_json(json.dumps(item["event"])) for item in RECORDS]
LEAVES = [leaf_of(VECTORS["org"], event) for event in EVENTS]


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("sha256:"))


@pytest.mark.parametrize("index", range(len(RECORDS)), ids=lambda index: RECORDS[index]["name"])
def test_a_record(index: int) -> None:
    record, event = RECORDS[index], EVENTS[index]
    assert payload_of(event) == record["payload"].encode()
    assert payload_hash(payload_of(event)) == raw(event.payload)
    assert LEAVES[index] == raw(event.leaf)
    assert frontier_of(LEAVES[: index + 1]).root == raw(record["root"])


@pytest.mark.parametrize("vector", VECTORS["inclusion"], ids=lambda vector: str(vector["seq"]))
def test_an_inclusion_proof(vector: dict[str, Any]) -> None:
    root = raw(RECORDS[vector["size"] - 1]["root"])
    proof = [raw(item) for item in vector["proof"]]
    assert proves_inclusion(vector["seq"] - 1, vector["size"], LEAVES[vector["seq"] - 1], proof, root)


@pytest.mark.parametrize("vector", VECTORS["consistency"], ids=lambda vector: str(vector["oldSize"]))
def test_a_consistency_proof(vector: dict[str, Any]) -> None:
    old, new = (raw(RECORDS[vector[name] - 1]["root"]) for name in ("oldSize", "size"))
    assert proves_consistency(vector["oldSize"], old, vector["size"], new, [raw(item) for item in vector["proof"]])


def test_the_checkpoint() -> None:
    vector = VECTORS["checkpoint"]
    signed = SignedCheckpoint.model_validate(vector["signed"])
    root = base64.b64decode(vector["rootKey"])
    found = open_checkpoint(signed, root, org="acme")
    assert found.model_dump(mode="json", by_alias=True) == vector["payload"]
    with pytest.raises(UntrustedError):
        open_checkpoint(signed, root, org="other")
    with pytest.raises(UntrustedError):
        open_checkpoint(signed, bytes(32), org="acme")


def test_every_changed_byte_of_a_checkpoint_is_noticed() -> None:
    vector = VECTORS["checkpoint"]
    root = base64.b64decode(vector["rootKey"])
    payload = vector["signed"]["checkpoint"]["payload"]
    for at in range(0, len(payload), 7):
        changed = payload[:at] + ("A" if payload[at] != "A" else "B") + payload[at + 1 :]
        signed = SignedCheckpoint(
            checkpoint={**vector["signed"]["checkpoint"], "payload": changed}, keys=vector["signed"]["keys"]
        )
        with pytest.raises(UntrustedError):
            open_checkpoint(signed, root, org="acme")
