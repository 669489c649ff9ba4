"""Key sets, fingerprints and enrolment tokens."""

from __future__ import annotations

import base64
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from signing_world import NOON, seed

from clawforge.canonical import canonical_bytes
from clawforge.dsse import Envelope, sign
from clawforge.errors import InputError, UntrustedError
from clawforge.keys import (
    KEY_SET_TYPE,
    SigningKey,
    decode_public_key,
    encode_public_key,
    fingerprint_matches,
    key_id,
    make_enrollment_token,
    make_key_set,
    root_fingerprint,
    sign_key_set,
    split_enrollment_token,
    verify_key_set,
)

ROOT = SigningKey(seed("root"))
ONLINE = SigningKey(seed("online"))
YEAR = dt.timedelta(days=365)


def signed(org: str = "acme", epoch: int = 3, root: SigningKey = ROOT) -> Envelope:
    return sign_key_set(make_key_set(org, epoch, [ONLINE.public], NOON + YEAR), root)


def refusal(envelope: Envelope, *, now: dt.datetime = NOON, min_epoch: int = 0, org: str = "acme") -> str:
    with pytest.raises(UntrustedError) as caught:
        verify_key_set(envelope, ROOT.public, org=org, now=now, min_epoch=min_epoch)
    return caught.value.code


def test_a_key_makes_the_signatures_of_rfc_8032() -> None:
    # RFC 8032, 7.1, test 1
    key = SigningKey(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert key.public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert key.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155")


def test_a_key_does_not_show_its_seed() -> None:
    assert ROOT.keyid in repr(ROOT)
    assert ROOT.seed.hex() not in repr(ROOT)
    with pytest.raises(InputError):
        SigningKey(b"short")


def test_the_root_vouches_for_online_keys() -> None:
    key_set = verify_key_set(signed(), ROOT.public, org="acme", now=NOON, min_epoch=3)
    assert key_set.trusted == {ONLINE.keyid: ONLINE.public}
    assert (key_set.epoch, key_set.expires) == (3, NOON + YEAR)


def test_refused_key_sets() -> None:
    assert refusal(signed(root=ONLINE)) == "unknown-key"
    assert refusal(signed(org="other")) == "foreign-org"
    assert refusal(signed(), min_epoch=4) == "rollback"
    assert refusal(signed(), now=NOON + YEAR) == "expired-keyset"
    assert refusal(sign(canonical_bytes({"schema": "clawforge.keyset/v1"}), KEY_SET_TYPE, ROOT)) == "bad-document"
    assert refusal(sign(b"{}", "application/json", ROOT)) == "wrong-type"


def test_a_key_under_a_foreign_name_is_refused_though_the_root_signed_it() -> None:
    body = make_key_set("acme", 1, [ONLINE.public], NOON + YEAR).model_dump(mode="json", by_alias=True)
    body["keys"][0]["keyid"] = ROOT.keyid
    assert refusal(sign(canonical_bytes(body), KEY_SET_TYPE, ROOT)) == "bad-document"


def test_key_ids_and_public_keys() -> None:
    assert key_id(ONLINE.public) == ONLINE.keyid
    assert decode_public_key(encode_public_key(ONLINE.public)) == ONLINE.public
    for text in ("", "AAAA", "not base64!", base64.b64encode(bytes(33)).decode()):
        with pytest.raises(UntrustedError):
            decode_public_key(text)


@given(random=st.binary(min_size=24, max_size=64))
def test_a_token_carries_the_fingerprint_of_the_root(random: bytes) -> None:
    token = make_enrollment_token(random, ROOT.public)
    parts = split_enrollment_token(token)
    assert token.startswith("cfe_")
    assert parts == (token, root_fingerprint(ROOT.public))
    assert fingerprint_matches(ROOT.public, parts.fingerprint)
    assert not fingerprint_matches(ONLINE.public, parts.fingerprint)


@pytest.mark.parametrize(
    "text",
    ["", "cfe_", "cfe__", "hello", "cfe_short_" + "a" * 20, "cfe_" + "a" * 32 + "_" + "A" * 20, "x" * 5000],
)
def test_text_that_is_no_token_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InputError) as caught:
        split_enrollment_token(text)
    assert not text or text not in caught.value.message


def test_a_token_needs_enough_randomness() -> None:
    with pytest.raises(InputError):
        make_enrollment_token(bytes(23), ROOT.public)
