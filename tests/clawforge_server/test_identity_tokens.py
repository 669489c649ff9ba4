"""Identity tokens that are not what they should be: each is refused, clearly, and leaves nothing of itself behind."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import io
import json
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from identity_issuer import SigningKey, b64, new_key
from server_app import MovableClock
from sign_in_world import CLIENT, World, sign_in_world

from clawforge_server.auth.oidc.identity_token import BadIdentityTokenError, Expected, verify

Forge = Callable[[World], str]


@pytest.fixture
def world(tmp_path: Path, clock: MovableClock) -> Iterator[World]:
    with sign_in_world(tmp_path, clock) as world:
        yield world


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that refusals leave as it is."""
    with sign_in_world(tmp_path_factory.mktemp("shared"), MovableClock()) as world:
        yield world


def raw(header: dict[str, Any], payload: bytes, signature: bytes) -> str:
    return f"{b64(json.dumps(header).encode())}.{b64(payload)}.{b64(signature)}"


def payload_of(token: str) -> bytes:
    body = token.split(".")[1]
    return base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))


def unsigned(alg: str) -> Forge:
    def forge(world: World) -> str:
        return raw({"alg": alg, "typ": "JWT"}, payload_of(world.person()), b"")

    return forge


def signed_with_the_public_key(form: str) -> Forge:
    """The classic confusion: a verifier that takes the algorithm from the header keys HMAC with the public key."""

    def forge(world: World) -> str:
        public = world.issuer.keys[0].private.public_key()
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        secret = pem if form == "pem" else json.dumps(world.issuer.keys[0].jwk()).encode()
        head = b64(json.dumps({"alg": "HS256", "kid": "first", "typ": "JWT"}).encode())
        signed = f"{head}.{b64(payload_of(world.person()))}"
        return f"{signed}.{b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"

    return forge


def with_header(**header: Any) -> Forge:
    return lambda world: world.issuer.sign(payload_of(world.person()), header=header)


def by_stranger(**header: Any) -> Forge:
    """Signed by a key that the header brings along, or points to."""

    def forge(world: World) -> str:
        key = new_key("first")
        filled = {name: (key.jwk() if value == "own" else value) for name, value in header.items()}
        return world.issuer.sign(payload_of(world.person()), header=filled, key=key)

    return forge


def with_claims(**claims: Any) -> Forge:
    return lambda world: world.person(**claims)


def at(**offsets: float) -> Forge:
    def forge(world: World) -> str:
        now = int(world.api.clock.now().timestamp())
        return world.person(**{name: now + offset for name, offset in offsets.items()})

    return forge


def with_payload(change: Callable[[bytes], bytes]) -> Forge:
    return lambda world: world.issuer.sign(change(payload_of(world.person())))


def cut(world: World) -> str:
    return world.person()[:-20]


def padded(world: World) -> str:
    head, body, tail = world.person().split(".")
    return f"{head}.{body}=.{tail}"


def spare_bits(world: World) -> str:
    """Another spelling of the same signature bytes: its last character has bits that no byte takes."""
    head, body, tail = world.person().split(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return f"{head}.{body}.{tail[:-1]}{alphabet[alphabet.index(tail[-1]) ^ 1]}"


def other_padding(world: World) -> str:
    """The issuer says that the key is for RS256, and this is a genuine PS256 signature of it."""
    key = world.issuer.keys[0]
    return world.issuer.sign(payload_of(world.person()), key=SigningKey(key.kid, "PS256", key.private))


YEARS = 10 * 365.25 * 86_400
BAD: dict[str, Forge] = {
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "alg empty": unsigned(""),
    "HS256 with the public key as PEM": signed_with_the_public_key("pem"),
    "HS256 with the public key as JWK": signed_with_the_public_key("jwk"),
    "alg of another key type": with_header(alg="ES256"),
    "alg that the key is not for": with_header(alg="PS256"),
    "alg missing": with_header(alg=None),
    "alg a list": with_header(alg=["RS256"]),
    "typ at+jwt": with_header(typ="at+jwt"),
    "typ logout+jwt": with_header(typ="logout+jwt"),
    "typ a number": with_header(typ=7),
    "crit": with_header(crit=["exp"]),
    "crit empty": with_header(crit=[]),
    "b64": with_header(b64=False),
    "kid of nobody": with_header(kid="second"),
    "kid a path": with_header(kid="../../../../dev/null"),
    "kid an injection": with_header(kid="first' OR '1'='1"),
    "kid a number": with_header(kid=1),
    "kid giant": with_header(kid="x" * 3000),
    "kid of the key, signed by another": by_stranger(),
    "jwk in the header": by_stranger(jwk="own"),
    "jku in the header": by_stranger(jku="https://attacker.example/jwks"),
    "x5u in the header": by_stranger(x5u="https://attacker.example/chain"),
    "x5c in the header": by_stranger(x5c=["MIIB"]),
    "iss of another": with_claims(iss="https://attacker.example"),
    "iss with a slash": lambda world: world.person(iss=f"{world.issuer.url}/"),
    "iss in other case": lambda world: world.person(iss=world.issuer.url.upper()),
    "iss missing": with_claims(iss=None),
    "iss a list": lambda world: world.person(iss=[world.issuer.url]),
    "aud of another": with_claims(aud="somebody-else"),
    "aud missing": with_claims(aud=None),
    "aud a prefix": with_claims(aud=CLIENT[:-1]),
    "aud of others": with_claims(aud=["a", "b"]),
    "aud ours among others, without azp": with_claims(aud=[CLIENT, "another"]),
    "aud with a number": with_claims(aud=[CLIENT, 1], azp=CLIENT),
    "azp another program": with_claims(azp="another"),
    "expired": at(iat=-700, exp=-100),
    "exp missing": with_claims(exp=None),
    "exp a text": with_claims(exp="2030"),
    "exp true": with_claims(exp=True),
    "exp beyond all time": with_claims(exp=10**17),
    "exp without measure": with_payload(lambda body: body.replace(b'"exp": ', b'"exp": 1' + b"0" * 400)),
    "exp infinite": with_payload(lambda body: body.replace(b'"exp": ', b'"exp": 1e999, "x": ')),
    "iat missing": with_claims(iat=None),
    "iat too long ago": at(iat=-700, exp=300),
    "iat in the future": at(iat=200, exp=500),
    "iat negative": with_claims(iat=-1),
    "not yet valid": at(nbf=200),
    "nbf null": with_payload(lambda body: body[:-1] + b', "nbf": null}'),
    "nbf true": with_claims(nbf=True),
    "signed by the right key with an algorithm that it is not for": other_padding,
    "clock ten years behind": at(iat=-YEARS, exp=-YEARS + 300),
    "clock ten years ahead": at(iat=YEARS, exp=YEARS + 300),
    "sub missing": with_claims(sub=None),
    "sub empty": with_claims(sub=""),
    "sub a number": with_claims(sub=5),
    "sub with a line end": with_claims(sub="a\nb"),
    "sub giant": with_claims(sub="x" * 600),
    "email missing": with_claims(email=None),
    "email not verified": with_claims(email_verified=False),
    "email verified in words": with_claims(email_verified="true"),
    "email verified as a number": with_claims(email_verified=1),
    "email_verified missing": with_claims(email_verified=None),
    "email a list": with_claims(email=["dev@acme.example"]),
    "email with a Cyrillic letter": with_claims(email="d\u0435v@acme.example"),
    "email with the Kelvin sign": with_claims(email="\u212aev@acme.example"),
    "email with a dotless i": with_claims(email="dev@acme.\u0131o"),
    "email in full width": with_claims(email="\uff44\uff45\uff56@acme.example"),
    "email with a zero width space": with_claims(email="dev\u200b@acme.example"),
    "email with a null": with_claims(email="dev@acme.example\x00@attacker.example"),
    "email with two signs": with_claims(email="dev@attacker.example@acme.example"),
    "email with a blank": with_claims(email=" dev@acme.example"),
    "truncated": cut,
    "truncated at the signature": lambda world: world.person().rpartition(".")[0] + ".",
    "two parts": lambda world: world.person().rpartition(".")[0],
    "four parts": lambda world: world.person() + ".e30",
    "padded": padded,
    "another spelling of the signature": spare_bits,
    "not a token": lambda world: "a token",
    "an encrypted one": lambda world: "e30.e30.e30.e30.e30",
    "an access token of ours": lambda world: world.sign_in(world.person()).json()["accessToken"],
    "a refresh token of ours": lambda world: world.sign_in(world.person()).json()["refreshToken"],
    "a repeated key in the payload": with_payload(lambda body: body[:-1] + b', "email": "dev@acme.example"}'),
    "payload a list": with_payload(lambda body: b"[]"),
    "payload not JSON": with_payload(lambda body: b"{"),
    "payload not UTF-8": with_payload(lambda body: body[:-1] + b', "x": "\xff"}'),
    "payload NaN": with_payload(lambda body: body[:-1] + b', "x": NaN}'),
    "payload nested": with_payload(lambda body: b"[" * 9_000),
    "header not JSON": lambda world: "e30x." + world.person().split(".", 1)[1],
}


@pytest.mark.parametrize("forge", BAD.values(), ids=BAD.keys())
def test_a_bad_identity_token_is_refused_and_nothing_of_it_is_kept(
    shared: World, forge: Forge, logged: io.StringIO
) -> None:
    token = forge(shared)
    before = len(shared.api.audit())
    answer = shared.sign_in(token, address=f"2001:db8:{len(BAD)}:{before:x}::1")
    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["code"] in {"bad-identity-token", "email-not-verified"}
    assert body["detail"].startswith(("The ", "This "))
    events = shared.api.audit()[before:]
    assert [(event["action"], event["outcome"]) for event in events] == [("sessions:create", "refused")]
    seen = answer.text + logged.getvalue() + json.dumps(events)
    for part in filter(lambda part: len(part) > 12, token.split(".")):
        assert part not in seen
    assert "dev@acme" not in seen
    assert "attacker" not in seen


def test_a_giant_token_is_refused_before_it_is_looked_at(world: World) -> None:
    assert world.sign_in("x" * 15_001).status_code == 422
    assert world.sign_in("x" * 20_000).status_code == 413
    assert world.issuer.asked == {}


@pytest.mark.parametrize("alg", ["RS256", "PS256", "ES256", "EdDSA"])
def test_every_algorithm_that_is_accepted_works(world: World, alg: str) -> None:
    world.issuer.keys = [new_key("only", alg)]
    world.issuer.publish()
    assert world.sign_in(world.person()).status_code == 201


def test_a_token_without_kid_is_for_an_issuer_with_one_key(world: World) -> None:
    token = world.issuer.sign(payload_of(world.person()), header={"kid": None})
    assert world.sign_in(token).status_code == 201


def test_a_weak_key_is_not_relied_on(world: World) -> None:
    world.issuer.keys = [new_key("weak", bits=1024)]
    world.issuer.publish()
    assert world.sign_in(world.person()).json()["code"] == "issuer-unavailable"


def test_a_symmetric_key_among_the_issuers_keys_is_never_used(world: World) -> None:
    secret = b"0123456789abcdef0123456789abcdef"
    keys = [world.issuer.keys[0].jwk(), {"kty": "oct", "kid": "shared", "alg": "HS256", "k": b64(secret)}]
    world.issuer.documents["/jwks"] = json.dumps({"keys": keys}).encode()
    head = b64(json.dumps({"alg": "HS256", "kid": "shared"}).encode())
    signed = f"{head}.{b64(payload_of(world.person()))}"
    token = f"{signed}.{b64(hmac.digest(secret, signed.encode(), hashlib.sha256))}"
    assert world.sign_in(token).status_code == 401


def test_an_ecdsa_signature_in_its_other_form_is_the_same_token(world: World) -> None:
    """r and -s verify as well as r and s: whoever remembers the text of used tokens would take it for another."""
    key = new_key("curve", "ES256")
    world.issuer.keys = [key]
    world.issuer.publish()
    token = world.person()
    assert world.sign_in(token).status_code == 201
    signed, _, tail = token.rpartition(".")
    signature = base64.urlsafe_b64decode(tail + "==")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    other = order - int.from_bytes(signature[32:], "big")
    again = f"{signed}.{b64(signature[:32] + other.to_bytes(32, 'big'))}"
    assert world.sign_in(again).json()["code"] == "identity-token-used"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_is_changed_in_a_genuine_token_it_is_refused(shared: World, data: st.DataObject) -> None:
    genuine = shared.person(jti="the same every time")
    kind = data.draw(st.sampled_from(["character", "cut", "doubled", "inserted"]))
    place = data.draw(st.integers(0, len(genuine) - 1))
    other = data.draw(st.sampled_from(string.ascii_letters + string.digits + "-_.=+/ \n\x00\u00e9"))
    changed = {
        "character": genuine[:place] + other + genuine[place + 1 :],
        "cut": genuine[:place] + genuine[place + 1 :],
        "doubled": genuine[:place] + genuine[place] + genuine[place:],
        "inserted": genuine[:place] + other + genuine[place:],
    }[kind]
    expected = Expected(shared.issuer.url, CLIENT, dt.timedelta(minutes=10), party=CLIENT)
    issuers, now = shared.api.plane.desk.issuers, shared.api.clock.now()
    verify(genuine, expected, issuers, now)
    if changed != genuine:
        with pytest.raises(BadIdentityTokenError):
            verify(changed, expected, issuers, now)


@given(st.text(max_size=300) | st.binary(max_size=300).map(lambda raw: f"{b64(raw)}.{b64(raw)}.{b64(raw)}"))
def test_no_text_at_all_is_more_than_refused(shared: World, text: str) -> None:
    expected = Expected(shared.issuer.url, CLIENT, dt.timedelta(minutes=10))
    with pytest.raises(BadIdentityTokenError):
        verify(text, expected, shared.api.plane.desk.issuers, shared.api.clock.now())
