"""A control plane reduced to what it signs: real keys, real resolution, counters that tests move by hand."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any

from strategies import resource

from clawforge.bundle import Bundle, Counters, build_bundle, lease_for, sign_bundle
from clawforge.decide.request import KillOrder
from clawforge.dsse import Envelope, envelope_json
from clawforge.keys import SigningKey, encode_public_key, make_key_set, sign_key_set
from clawforge.lease import Lease, sign_lease
from clawforge.overlay.runtime_overlay import Elevation, RuntimeOverlay
from clawforge.resolve.org import OrgModel
from clawforge.resolve.subject import Subject
from clawforge.resource.meta import Resource
from clawforge.trust import Answer, TrustState, new_trust

NOON = dt.datetime(2026, 11, 20, 12, 0, tzinfo=dt.UTC)
DEV = Subject(user="dev", instance="i-1", groups=("eng",), tags={"env": "prod"})


def seed(name: str) -> bytes:
    """32 bytes that are the same in every run."""
    return hashlib.sha256(name.encode()).digest()


def policy(name: str = "default", **spec: Any) -> Resource:
    """A base policy for everyone."""
    return resource("Policy", name, {"appliesTo": "everyone", **spec})


def elevation(
    number: int = 1, *, tools: Sequence[str] = ("exec",), minutes: tuple[float, float] = (0, 30), **more: Any
) -> Elevation:
    """An elevation of DEV from so many minutes after NOON until so many."""
    given = {"id": f"el-{number}", "grant": "repair", "user": DEV.user, "reason": "incident", **more}
    start, end = (NOON + dt.timedelta(minutes=minute) for minute in minutes)
    return Elevation(tools=tuple(tools), from_=start, until=end, **given)


class SigningWorld:
    """One org. `publish` is an apply; every change of what is signed raises the serial, as SPEC.md 6 asks."""

    def __init__(self, resources: Sequence[Resource] | None = None, *, org: str = "acme") -> None:
        self.org = org
        self.root = SigningKey(seed(f"root of {org}"))
        self.online = SigningKey(seed(f"online key of {org}"))
        self.counters = Counters(epoch=1, serial=1, revision=1)
        self.kill: tuple[KillOrder, ...] = ()
        self.overlays: tuple[RuntimeOverlay, ...] = ()
        self.model = OrgModel([policy()] if resources is None else resources)
        self.key_set_lifetime = dt.timedelta(days=365)
        self._key_set: tuple[tuple[int, str], Envelope] | None = None

    def publish(self, *resources: Resource) -> None:
        """Put other resources in force."""
        self.model = OrgModel(resources)
        self._count(revision=self.counters.revision + 1)

    def set_kill(self, *scopes: str) -> None:
        """Turn kill switches on; none turns all off."""
        self.kill = tuple(KillOrder(scope=scope) for scope in scopes)
        self._count()

    def set_overlays(self, *overlays: RuntimeOverlay) -> None:
        """Put these elevations and grants in force, and no others."""
        self.overlays = overlays
        self._count()

    def rotate(self, name: str) -> None:
        """Replace the online key and nothing else."""
        self.online = SigningKey(seed(name))

    def recover(self, name: str) -> None:
        """Replace the online key after a compromise: the epoch grows, the serial starts again."""
        self.online = SigningKey(seed(name))
        self.counters = self.counters._replace(epoch=self.counters.epoch + 1, serial=1)

    def _count(self, revision: int | None = None) -> None:
        counters = self.counters
        self.counters = Counters(counters.epoch, counters.serial + 1, revision or counters.revision)

    def keys(self, now: dt.datetime) -> Envelope:
        """The key set, signed once for each set of keys, as a root that lies in a safe would."""
        wanted = (self.counters.epoch, self.online.keyid)
        if self._key_set is None or self._key_set[0] != wanted:
            key_set = make_key_set(self.org, wanted[0], [self.online.public], now + self.key_set_lifetime)
            self._key_set = (wanted, sign_key_set(key_set, self.root))
        return self._key_set[1]

    def bundle(self, subject: Subject, now: dt.datetime) -> Bundle:
        """The bundle of a subject."""
        return build_bundle(
            self.model,
            subject,
            org=self.org,
            counters=self.counters,
            now=now,
            positions={},
            commit="0" * 40,
            overlays=self.overlays,
        )

    def lease(self, subject: Subject, now: dt.datetime) -> Lease:
        """The lease of a subject."""
        return lease_for(self.bundle(subject, now), kill=self.kill, now=now)

    def full(self, subject: Subject, now: dt.datetime) -> Answer:
        """What a 200 carries."""
        return Answer(
            keys=envelope_json(self.keys(now)),
            bundle=envelope_json(sign_bundle(self.bundle(subject, now), self.online)),
            lease=envelope_json(sign_lease(self.lease(subject, now), self.online)),
        )

    def unchanged(self, subject: Subject, now: dt.datetime) -> Answer:
        """What a 304 carries."""
        return Answer(lease=envelope_json(sign_lease(self.lease(subject, now), self.online)))

    def enrolled(self, subject: Subject, now: dt.datetime) -> TrustState:
        """What an agent believes right after enrolment."""
        assert subject.instance is not None
        return new_trust(
            org=self.org,
            instance=subject.instance,
            user=subject.user,
            root_key=encode_public_key(self.root.public),
            keys=envelope_json(self.keys(now)),
            now=now,
        )
