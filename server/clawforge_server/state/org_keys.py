"""The signing keys of one org, ready for use."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from clawforge.dsse import envelope_json
from clawforge.errors import UnavailableError
from clawforge.keys import SigningKey, encode_public_key, make_key_set, sign_key_set
from clawforge_server.store.records import KeyRecord

ROOT = "root"
ONLINE = "online"
_KEY_SET_LIFETIME = dt.timedelta(days=90)


@dataclass(frozen=True)
class OrgKeys:
    """Immutable. `signed_at` is the moment from which the key set's lifetime of 90 days counts."""

    org: str
    epoch: int
    records: tuple[KeyRecord, ...]
    signed_at: dt.datetime

    @cached_property
    def root_public(self) -> bytes:
        """The raw root key, which agents pin at enrolment."""
        return self._current(ROOT).public

    @property
    def root_key(self) -> str:
        """The root key in base64."""
        return encode_public_key(self.root_public)

    @cached_property
    def online(self) -> SigningKey:
        """The key that signs bundles and leases."""
        return _signing(self._current(ONLINE))

    @cached_property
    def key_set(self) -> dict[str, Any]:
        """The online keys, signed by the root, as an envelope. A key whose private half is not here is left out: a
        row that only names a public key could have been written by anybody who can write the database."""
        online = [record for record in self.records if record.role == ONLINE and record.retired_at is None]
        publics = [record.public for record in online if record.private is not None]
        key_set = make_key_set(self.org, self.epoch, publics, self.signed_at + _KEY_SET_LIFETIME)
        return envelope_json(sign_key_set(key_set, _signing(self._current(ROOT))))

    def _current(self, role: str) -> KeyRecord:
        found = [record for record in self.records if record.role == role and record.retired_at is None]
        if not found:
            raise UnavailableError(f"The org {self.org!r} has no {role} key.", code="no-key")
        return found[-1]


def new_keys(epoch: int, random: bytes, now: dt.datetime) -> tuple[KeyRecord, KeyRecord]:
    """A root key and an online key, made from 64 random bytes."""
    return _record(ROOT, epoch, random[:32], now), _record(ONLINE, epoch, random[32:], now)


def _record(role: str, epoch: int, seed: bytes, now: dt.datetime) -> KeyRecord:
    key = SigningKey(seed)
    return KeyRecord(key.keyid, role, epoch, key.public, seed, now)


def _signing(record: KeyRecord) -> SigningKey:
    if record.private is None:
        raise UnavailableError(f"The private {record.role} key is not on this server.", code="no-key")
    key = SigningKey(record.private)
    if key.public != record.public:
        raise UnavailableError(f"The {record.role} key is not the one that was made with it.", code="no-key")
    return key
