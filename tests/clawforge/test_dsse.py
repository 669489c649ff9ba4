"""DSSE envelopes: the specification's vector, and refusal of everything that is not exactly right."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clawforge import dsse
from clawforge.dsse import Envelope, Signature, envelope_json, pae, read_envelope, sign, verify
from clawforge.errors import InputError, UntrustedError
from clawforge.keys import SigningKey, decode_public_key

VECTORS = json.loads((Path(__file__).parents[2] / "schemas/vectors/dsse.json").read_text(encoding="utf-8"))
KEY = SigningKey(bytes(range(32)))
OTHER = SigningKey(bytes(32))
TRUSTED = {KEY.keyid: KEY.public}
TYPE = "application/vnd.example+json"


def refused(value: object, keys: dict[str, bytes] = TRUSTED, payload_type: str = TYPE) -> str:
    with pytest.raises(UntrustedError) as caught:
        verify(read_envelope(value), keys, payload_type)
    return caught.value.code


@pytest.mark.parametrize("vector", VECTORS["pae"], ids=lambda vector: vector["name"])
def test_pae_vectors(vector: dict[str, Any]) -> None:
    assert pae(vector["payloadType"], vector["payload"].encode()).hex() == vector["pae"]


@pytest.mark.parametrize("vector", VECTORS["envelopes"], ids=lambda vector: vector["name"])
def test_envelope_vectors(vector: dict[str, Any]) -> None:
    keys = {name: decode_public_key(text) for name, text in vector["keys"].items()}
    expect = vector["expect"]
    if "payload" in expect:
        assert verify(read_envelope(vector["envelope"]), keys, vector["payloadType"]) == expect["payload"].encode()
    else:
        assert refused(vector["envelope"], keys, vector["payloadType"]) == expect["refused"]


def test_the_pae_of_the_specification() -> None:
    # https://github.com/secure-systems-lab/dsse/blob/master/protocol.md, test vectors
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert pae("http://example.com/HelloWorld", b"hello world") == expected


def test_pae_counts_bytes_not_characters() -> None:
    assert pae("tüp", b"") == "DSSEv1 4 tüp 0 ".encode()


@given(payload=st.binary(max_size=200), kind=st.text(min_size=1, max_size=20))
def test_what_was_signed_is_what_comes_out(payload: bytes, kind: str) -> None:
    envelope = sign(payload, kind, KEY)
    assert verify(read_envelope(envelope_json(envelope)), TRUSTED, kind) == payload


def test_any_changed_byte_is_refused() -> None:
    raw = json.dumps(envelope_json(sign(b'{"a":1}', TYPE, KEY)), separators=(",", ":")).encode()
    for index in range(len(raw)):
        for bit in range(8):
            changed = bytearray(raw)
            changed[index] ^= 1 << bit
            try:
                value = json.loads(changed)
            except ValueError:
                continue
            refused(value)


def test_an_unknown_empty_or_absent_key_id_is_refused() -> None:
    good = envelope_json(sign(b"{}", TYPE, KEY))
    assert refused({**good, "signatures": [{**good["signatures"][0], "keyid": OTHER.keyid}]}) == "unknown-key"
    assert refused({**good, "signatures": [{**good["signatures"][0], "keyid": ""}]}) == "bad-envelope"
    assert refused({**good, "signatures": [{"sig": good["signatures"][0]["sig"]}]}) == "bad-envelope"
    assert refused({**good, "signatures": []}) == "bad-envelope"
    assert refused({"payloadType": TYPE, "payload": good["payload"]}) == "bad-envelope"


def test_nobody_is_trusted_when_no_key_is() -> None:
    assert refused(envelope_json(sign(b"{}", TYPE, KEY)), keys={}) == "unknown-key"


def test_every_signature_must_hold() -> None:
    both = {KEY.keyid: KEY.public, OTHER.keyid: OTHER.public}
    envelope = sign(b"{}", TYPE, KEY, OTHER)
    assert verify(envelope, both, TYPE) == b"{}"
    assert refused(envelope_json(envelope)) == "unknown-key"
    first, second = envelope.signatures
    swapped = Envelope(
        payload_type=TYPE,
        payload=envelope.payload,
        signatures=(first, Signature(keyid=second.keyid, sig=first.sig)),
    )
    assert refused(envelope_json(swapped), both) == "bad-signature"
    assert refused({**envelope_json(envelope), "signatures": [first.model_dump()] * 2}, both) == "bad-envelope"


def test_another_type_is_refused_even_if_well_signed() -> None:
    assert refused(envelope_json(sign(b"{}", "application/other", KEY))) == "wrong-type"


def test_spare_bits_of_base64_are_refused() -> None:
    good = envelope_json(sign(b"{}", TYPE, KEY))
    assert good["payload"] == "e30="
    assert base64.b64decode("e31=") == b"{}"
    assert refused({**good, "payload": "e31="}) == "bad-envelope"


@pytest.mark.parametrize(
    "value", [None, [], "text", 7, {}, {"payload": {}}, {"payloadType": TYPE, "payload": "e30=", "signatures": {}}]
)
def test_what_is_no_envelope_is_refused(value: object) -> None:
    assert refused(value) == "bad-envelope"


def test_a_second_spelling_of_a_field_is_refused() -> None:
    good = envelope_json(sign(b"{}", TYPE, KEY))
    respelled = {**good, "payload_type": good["payloadType"]}
    assert refused(respelled) == "bad-envelope"
    respelled.pop("payloadType")
    assert refused(respelled) == "bad-envelope"


def test_a_payload_beyond_the_limit_is_not_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dsse, "PAYLOAD_LIMIT", 10)
    with pytest.raises(InputError):
        sign(b"x" * 11, TYPE, KEY)


def test_a_payload_beyond_the_limit_is_not_read() -> None:
    good = envelope_json(sign(b"{}", TYPE, KEY))
    assert refused({**good, "payload": "A" * (dsse.PAYLOAD_LIMIT // 3 * 4 + 8)}) == "bad-envelope"
