"""The keys of an issuer (RFC 7517), each bound to the algorithms that it may verify."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from clawforge_server.auth.oidc.strict_text import base64url

Key = RSAKey | ECKey | OKPKey

_MOST_KEYS = 100
_RSA_BITS = (2048, 8192)
_BY_TYPE: Mapping[str, tuple[str, ...]] = {
    "RSA": ("RS256", "PS256", "RS384", "PS384", "RS512", "PS512"),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA", "Ed25519"),
}
ALGORITHMS = frozenset(name for names in _BY_TYPE.values() for name in names)
"""Asymmetric ones only: with a symmetric one, whoever can verify could sign."""


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key, and the algorithms that its type and the issuer allow it."""

    kid: str | None
    algorithms: tuple[str, ...]
    key: Key

    def verifies(self, algorithm: str, signed: bytes, signature: bytes) -> bool:
        """Whether the signature is this key's; False also for an algorithm that is not this key's."""
        if algorithm not in self.algorithms:
            return False
        try:
            return bool(JWSRegistry.algorithms[algorithm].verify(signed, signature, self.key))
        except (JoseError, ValueError):
            return False


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys that can be used; others of the document are left out."""

    keys: tuple[VerificationKey, ...]

    @classmethod
    def parse(cls, document: Mapping[str, Any]) -> KeySet:
        """Raises ValueError for a document that is no key set."""
        listed = document.get("keys")
        if not isinstance(listed, list) or len(listed) > _MOST_KEYS:
            raise ValueError("no key set")
        found = (_key(item) for item in listed if isinstance(item, dict))
        return cls(tuple(key for key in found if key is not None))

    def candidates(self, kid: str | None, algorithm: str) -> tuple[VerificationKey, ...]:
        """The keys that a header can mean: one by its id, or without an id the only one that fits the algorithm."""
        fitting = tuple(key for key in self.keys if algorithm in key.algorithms)
        if kid is not None:
            return tuple(key for key in fitting if key.kid == kid)
        return fitting if len(fitting) == 1 else ()


def _key(item: dict[str, Any]) -> VerificationKey | None:
    """None for a key that is not for verifying, or that we would not rely on."""
    if item.get("use", "sig") != "sig" or "verify" not in (item.get("key_ops") or ["verify"]):
        return None
    kid = item.get("kid")
    if kid is not None and not isinstance(kid, str):
        return None
    allowed = _allowed(item)
    if not allowed:
        return None
    try:
        key = _imported(item)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return VerificationKey(kid, allowed, key)


def _allowed(item: Mapping[str, Any]) -> tuple[str, ...]:
    kind = item.get("kty") if item.get("kty") == "RSA" else item.get("crv")
    fitting = _BY_TYPE.get(kind, ()) if isinstance(kind, str) else ()
    declared = item.get("alg")
    if declared is None:
        return fitting
    return tuple(name for name in fitting if name == declared)


def _imported(item: Mapping[str, Any]) -> Key:
    """The public part alone, whatever else stands there."""
    match item["kty"]:
        case "RSA":
            if not _RSA_BITS[0] <= int.from_bytes(base64url(item["n"]), "big").bit_length() <= _RSA_BITS[1]:
                raise ValueError("a weak key, or one that takes forever")
            return RSAKey.import_key({"kty": "RSA", "n": item["n"], "e": item["e"]})
        case "EC":
            return ECKey.import_key({"kty": "EC", "crv": item["crv"], "x": item["x"], "y": item["y"]})
        case "OKP":
            return OKPKey.import_key({"kty": "OKP", "crv": item["crv"], "x": item["x"]})
        case _:
            raise ValueError("another type of key")
