"""Leases: signing, the header form, and how long a policy holds."""

from __future__ import annotations

import base64
import datetime as dt
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from signing_world import DEV, NOON, SigningWorld

from clawforge.canonical import canonical_bytes
from clawforge.decide.request import KillOrder
from clawforge.dsse import envelope_json, read_envelope, sign
from clawforge.effective import EffectiveOffline
from clawforge.errors import UntrustedError
from clawforge.keys import KeySet, decode_public_key, open_key_set
from clawforge.lease import (
    LEASE_TYPE,
    Freshness,
    Lease,
    freshness,
    lease_header,
    open_lease,
    read_lease_header,
    sign_lease,
)
from clawforge.resource.policy import OfflineMode

VECTORS = json.loads((Path(__file__).parents[2] / "schemas/vectors/lease.json").read_text(encoding="utf-8"))
WORLD = SigningWorld()
KEYS = open_key_set(WORLD.keys(NOON), WORLD.root.public, org="acme")
LEASE = WORLD.lease(DEV, NOON)
SECOND = dt.timedelta(seconds=1)


def refusal(value: object, keys: KeySet = KEYS) -> str:
    with pytest.raises(UntrustedError) as caught:
        open_lease(read_envelope(value), keys)
    return caught.value.code


@pytest.mark.parametrize("vector", VECTORS["headers"], ids=lambda vector: vector["name"])
def test_header_vectors(vector: dict[str, Any]) -> None:
    root = decode_public_key(vector["rootKey"])
    key_set = open_key_set(read_envelope(vector["keys"]), root, org=vector["org"])
    if "lease" in vector["expect"]:
        lease = open_lease(read_envelope(read_lease_header(vector["header"])), key_set)
        assert lease.model_dump(mode="json", by_alias=True) == vector["expect"]["lease"]
    else:
        with pytest.raises(UntrustedError) as caught:
            open_lease(read_envelope(read_lease_header(vector["header"])), key_set)
        assert caught.value.code == vector["expect"]["refused"]


@pytest.mark.parametrize("vector", VECTORS["freshness"], ids=lambda vector: vector["name"])
def test_freshness_vectors(vector: dict[str, Any]) -> None:
    lease = Lease.model_validate_json(orjson.dumps(vector["lease"]), strict=True)
    offline = EffectiveOffline.model_validate_json(orjson.dumps(vector["offline"]), strict=True)
    assert freshness(lease, offline, dt.datetime.fromisoformat(vector["now"])) == vector["expect"]


def test_what_was_signed_is_what_is_opened() -> None:
    killed = LEASE.model_copy(update={"kill": (KillOrder(scope="group:eng", reason="drill"),)})
    assert open_lease(sign_lease(killed, WORLD.online), KEYS) == killed


def test_any_changed_byte_of_a_lease_is_refused() -> None:
    raw = canonical_bytes(envelope_json(sign_lease(LEASE, WORLD.online)))
    for index in range(len(raw)):
        changed = bytearray(raw)
        changed[index] ^= 1 << (index % 8)
        try:
            value = orjson.loads(changed)
        except ValueError:
            continue
        refusal(value)


def test_any_changed_character_of_the_header_is_refused() -> None:
    header = lease_header(sign_lease(LEASE, WORLD.online))
    for index in range(len(header)):
        for character in ("A", "_", "=", " ", "é"):
            if header[index] != character:
                with pytest.raises(UntrustedError):
                    open_lease(read_envelope(read_lease_header(header[:index] + character + header[index + 1 :])), KEYS)


@given(text=st.text(max_size=60))
def test_text_that_is_no_header_is_refused(text: str) -> None:
    with pytest.raises(UntrustedError):
        read_envelope(read_lease_header(text))


def test_a_header_has_one_spelling() -> None:
    envelope = envelope_json(sign_lease(LEASE, WORLD.online))
    header = lease_header(sign_lease(LEASE, WORLD.online))
    assert read_lease_header(header) == envelope
    padded = header + "=" * (-len(header) % 4) if len(header) % 4 else header + "===="
    spaced = base64.urlsafe_b64encode(json.dumps(envelope, indent=1).encode()).decode().rstrip("=")
    doubled = base64.urlsafe_b64encode(b'{"payload":"",' + canonical_bytes(envelope)[1:]).decode().rstrip("=")
    for other in (padded, spaced, doubled, " " + header, "A" * 100_000, ""):
        with pytest.raises(UntrustedError):
            read_lease_header(other)


def test_signed_text_that_is_no_lease_is_refused() -> None:
    body = LEASE.model_dump(mode="json", by_alias=True)
    for wrong in (
        {**body, "until": body["issuedAt"]},
        {**body, "extra": 1},
        {**body, "epoch": -1},
        {**body, "serial": 2**53},
        {**body, "schema": "clawforge.lease/v2"},
        {**body, "kill": [{"scope": "everything"}]},
        {key: value for key, value in body.items() if key != "bundle"},
    ):
        raw = orjson.dumps(wrong)
        assert refusal(envelope_json(sign(raw, LEASE_TYPE, WORLD.online))) == "bad-document"


def test_a_bundle_signed_in_place_of_a_lease_is_refused() -> None:
    assert refusal(WORLD.full(DEV, NOON).bundle) == "wrong-type"


offlines = st.fixed_dictionaries(
    {"mode": st.sampled_from(OfflineMode), "lease": st.integers(1, 600), "max_stale": st.integers(1, 7200)}
).map(lambda fields: EffectiveOffline().model_copy(update=fields))


@given(offline=offlines, length=st.integers(1, 900), elapsed=st.integers(-100, 8000))
def test_freshness_never_returns(offline: EffectiveOffline, length: int, elapsed: int) -> None:
    lease = LEASE.model_copy(update={"until": NOON + length * SECOND})
    order = list(Freshness)
    here = freshness(lease, offline, NOON + elapsed * SECOND)
    later = freshness(lease, offline, NOON + (elapsed + 1) * SECOND)
    assert order.index(later) >= order.index(here)
    alive = here is not Freshness.EXPIRED
    end = min(length, offline.lease, offline.max_stale) if offline.mode is OfflineMode.BLOCK else offline.max_stale
    assert alive == (elapsed < end)
    assert (here is Freshness.FRESH) == (elapsed < min(length, offline.lease, offline.max_stale))
