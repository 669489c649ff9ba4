"""Bundles: what the digest covers, and refusal of everything that was not signed for this agent."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from signing_world import DEV, NOON, SigningWorld, policy
from strategies import resource

from clawforge.bundle import (
    BUNDLE_TYPE,
    Bundle,
    Counters,
    build_bundle,
    bundle_digest,
    bundle_json,
    longest_stale,
    open_bundle,
    sign_bundle,
    strictest_offline,
)
from clawforge.canonical import canonical_bytes
from clawforge.dsse import envelope_json, read_envelope, sign
from clawforge.errors import InputError, UntrustedError
from clawforge.keys import decode_public_key, open_key_set
from clawforge.position import ResourcePosition
from clawforge.resolve.subject import Subject
from clawforge.resource.policy import OfflineMode

VECTORS = json.loads((Path(__file__).parents[2] / "schemas/vectors/bundle.json").read_text(encoding="utf-8"))
WORLD = SigningWorld([policy(tools={"deny": ["exec"]}, offline={"lease": "2m", "maxStale": "1h"})])
KEYS = open_key_set(WORLD.keys(NOON), WORLD.root.public, org="acme")
BUNDLE = WORLD.bundle(DEV, NOON)
NIGHT = resource(
    "Policy",
    "night",
    {
        "mode": "overlay",
        "appliesTo": {"contexts": ["work"]},
        "schedule": {"timezone": "UTC", "windows": [{"cron": "0 18 * * *", "duration": "12h"}]},
        "tools": {"deny": ["*"]},
        "offline": {"mode": "block", "maxStale": "30m"},
    },
)


def refusal(value: object) -> str:
    with pytest.raises(UntrustedError) as caught:
        open_bundle(read_envelope(value), KEYS)
    return caught.value.code


def positions(line: int) -> dict[str, ResourcePosition]:
    return {"Policy/default": ResourcePosition(file="policies/default.yaml", line=line)}


@pytest.mark.parametrize("vector", VECTORS["digests"], ids=lambda vector: vector["name"])
def test_digest_vectors(vector: dict[str, Any]) -> None:
    assert bundle_digest(Bundle.model_validate_json(orjson.dumps(vector["bundle"]), strict=True)) == vector["digest"]


@pytest.mark.parametrize("vector", VECTORS["envelopes"], ids=lambda vector: vector["name"])
def test_envelope_vectors(vector: dict[str, Any]) -> None:
    key_set = open_key_set(read_envelope(vector["keys"]), decode_public_key(vector["rootKey"]), org=vector["org"])
    expect = vector["expect"]
    if "digest" in expect:
        bundle = open_bundle(read_envelope(vector["envelope"]), key_set)
        assert bundle_digest(bundle) == expect["digest"]
        assert (bundle.instance, bundle.epoch, bundle.serial) == (expect["instance"], expect["epoch"], expect["serial"])
    else:
        with pytest.raises(UntrustedError) as caught:
            open_bundle(read_envelope(vector["envelope"]), key_set)
        assert caught.value.code == expect["refused"]


def test_a_bundle_says_who_and_how_far() -> None:
    assert (BUNDLE.org, BUNDLE.instance, BUNDLE.user) == ("acme", "i-1", "dev")
    assert BUNDLE.groups == ("eng",)
    assert BUNDLE.tags == {"env": "prod"}
    assert BUNDLE.counters == (1, 1)
    day = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    assert [(item.from_, item.until) for item in BUNDLE.variants] == [(day, day + dt.timedelta(days=7))]
    (effective,) = BUNDLE.policies.values()
    assert effective.enforced.tools.deny == ("exec",)


def test_what_was_signed_is_what_is_opened() -> None:
    opened = open_bundle(sign_bundle(BUNDLE, WORLD.online), KEYS)
    assert opened == BUNDLE
    assert bundle_digest(opened) == bundle_digest(BUNDLE)
    assert bundle_json(opened) == bundle_json(BUNDLE)


def test_an_offline_agent_switches_by_itself() -> None:
    bundle = SigningWorld([policy(), NIGHT]).bundle(DEV, NOON)
    evening = NOON.replace(hour=20)
    day_variant = bundle.variant_at(None, "work", NOON)
    night_variant = bundle.variant_at(None, "work", evening)
    assert day_variant is not None
    assert night_variant is not None
    assert bundle.policies[day_variant.digest].enforced.tools.deny == ()
    assert bundle.policies[night_variant.digest].enforced.tools.deny == ("*",)
    elsewhere = bundle.variant_at(None, None, evening)
    assert elsewhere is not None
    assert elsewhere.digest == day_variant.digest
    assert bundle.variant_at(None, None, NOON + dt.timedelta(days=8)) is None


def test_the_digest_is_stable_within_a_day_and_changes_with_the_horizon() -> None:
    hours = {bundle_digest(WORLD.bundle(DEV, NOON.replace(hour=hour))) for hour in range(24)}
    assert len(hours) == 1
    assert bundle_digest(WORLD.bundle(DEV, NOON + dt.timedelta(days=1))) not in hours


def test_the_digest_covers_what_is_decided_and_not_where_it_is_written() -> None:
    def made(line: int, **more: Any) -> Bundle:
        counters = Counters(epoch=1, serial=more.pop("serial", 1), revision=more.pop("revision", 1))
        return build_bundle(
            WORLD.model, DEV, org="acme", counters=counters, now=NOON, positions=positions(line), **more
        )

    base = made(3)
    more = {"commit": "a" * 40, "signers": ("y",), "approvers": ("x",), "serial": 5, "revision": 7}
    assert bundle_digest(made(9, **more)) == bundle_digest(base)
    assert base.provenance != made(9).provenance
    assert any(source.line == 3 for places in base.provenance.values() for one in places.values() for source in one)
    assert bundle_digest(SigningWorld([policy(tools={"deny": ["read"]})]).bundle(DEV, NOON)) != bundle_digest(base)


def test_an_agent_that_knows_of_no_signers_opens_what_has_none() -> None:
    signed = BUNDLE.model_copy(update={"signers": ("user:ann",)})
    assert "signers" not in bundle_json(BUNDLE)
    assert bundle_json(signed)["signers"] == ["user:ann"]
    assert open_bundle(sign_bundle(signed, WORLD.online), KEYS).signers == ("user:ann",)
    old = {key: value for key, value in bundle_json(BUNDLE).items() if key != "signers"}
    assert open_bundle(sign(canonical_bytes(old), BUNDLE_TYPE, WORLD.online), KEYS) == BUNDLE


def test_a_subject_without_an_instance_gets_no_bundle() -> None:
    with pytest.raises(InputError):
        WORLD.bundle(Subject(user="dev"), NOON)


def test_any_changed_byte_of_a_bundle_is_refused() -> None:
    raw = canonical_bytes(envelope_json(sign_bundle(BUNDLE, WORLD.online)))
    for index in range(len(raw)):
        changed = bytearray(raw)
        changed[index] ^= 1 << (index % 8)
        try:
            value = orjson.loads(changed)
        except ValueError:
            continue
        refusal(value)


@given(data=st.data())
def test_changed_bytes_of_the_signed_text_are_refused(data: st.DataObject) -> None:
    payload = canonical_bytes(bundle_json(BUNDLE))
    good = envelope_json(sign_bundle(BUNDLE, WORLD.online))
    index = data.draw(st.integers(0, len(payload) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda byte: byte != payload[index]))
    forged = sign(payload[:index] + bytes([other]) + payload[index + 1 :], BUNDLE_TYPE, WORLD.online)
    assert refusal({**envelope_json(forged), "signatures": good["signatures"]}) == "bad-signature"


def test_signed_documents_that_do_not_hold_together_are_refused() -> None:
    body = bundle_json(BUNDLE)
    (name,) = body["policies"]
    foreign = "sha256:" + "0" * 64
    for wrong in (
        {**body, "policies": {foreign: body["policies"][name]}, "variants": []},
        {**body, "variants": [{**body["variants"][0], "digest": foreign}]},
        {**body, "policies": {name: {**body["policies"][name], "unheardOf": True}}},
        {**body, "schema": "clawforge.bundle/v2"},
        {**body, "serial": 1.0},
        [],
    ):
        assert refusal(envelope_json(sign(orjson.dumps(wrong), BUNDLE_TYPE, WORLD.online))) == "bad-document"


def test_offline_behaviour_over_all_policies() -> None:
    bundle = SigningWorld([policy(offline={"lease": "2m", "maxStale": "1h"}), NIGHT]).bundle(DEV, NOON)
    strictest = strictest_offline(bundle)
    assert (strictest.mode, strictest.lease, strictest.max_stale) == (OfflineMode.BLOCK, 120, 1800)
    assert longest_stale(bundle) == 3600
