"""The policies of old plugins by instance, each made once a serial and stretch of time, and who holds which.

A kill switch must reach a thousand plugins at once, so nothing is worked out that did not change: what an instance's
policies are stays known while the org's model is the same, and plugins of which the same holds share one document.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
import weakref
from collections import OrderedDict
from dataclasses import dataclass
from typing import TypeVar

from clawforge.decide.catalogue import catalogue
from clawforge.decide.request import KillOrder
from clawforge.effective import Effective
from clawforge.errors import NotFoundError
from clawforge.legacy.answer import EffectivePolicy, Heartbeat, KillSwitch
from clawforge.legacy.identifier import org_id, user_id
from clawforge.legacy.policy import Plugin, concerning, effective_policy, next_deadline
from clawforge.resolve.org import OrgModel
from clawforge.resolve.variants import horizon, variants
from clawforge_server.state.bundle_cache import machine_of, subject_of
from clawforge_server.state.emergency_orders import emergency_orders
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.records import InstanceRecord

_K = TypeVar("_K")
_V = TypeVar("_V")
_MOST = 200_000
_MOST_DOCUMENTS = 4_096
_BELIEVED = dt.timedelta(minutes=5)
"""After that a plugin is told to fetch its policy again."""


@dataclass(frozen=True, slots=True)
class Document:
    """A policy as it is sent.

    `mark` tells what a plugin would enforce from everything else, whatever its version is: a schedule changes what
    holds without an apply, and an apply may change nothing for this plugin. `rules` does so without the kill switch.
    `beat` is the answer to a heartbeat of whoever holds this policy, `beat_refresh` that of everybody else.
    """

    policy: EffectivePolicy
    body: bytes
    mark: bytes
    rules: bytes
    beat: bytes
    beat_refresh: bytes


@dataclass(frozen=True, slots=True)
class ServedPolicy:
    """The document of an instance: for these counters, from the moment it was made until `until`. The ids are those
    under which its plugin may ask."""

    instance: InstanceRecord
    counters: tuple[int, int]
    made: dt.datetime
    until: dt.datetime
    document: Document
    org_id: str
    user_id: str

    @property
    def policy(self) -> EffectivePolicy:
        """What the plugin enforces."""
        return self.document.policy

    def holds(self, instance: InstanceRecord, counters: tuple[int, int], now: dt.datetime) -> bool:
        """Whether it is the one to serve now. A clock that went back makes another one."""
        same = self.instance is instance or self.instance == instance
        return same and self.counters == counters and self.made <= now < self.until


@dataclass(frozen=True, slots=True)
class _Resolved:
    """The policies of one instance, whatever is killed: by one model, in a stretch of time. The model is not kept
    alive: a plugin that asks no more must not hold a whole org of long ago."""

    model: weakref.ref[OrgModel]
    instance: InstanceRecord
    begins: dt.datetime
    until: dt.datetime
    groups: frozenset[str]
    policies: tuple[tuple[str, Effective], ...]


_Key = tuple[tuple[int, int], tuple[str, ...], tuple[KillOrder, ...], tuple[tuple[str, str], ...], dt.datetime | None]


class PluginPolicies:
    """Used from any thread. What a session fetched last is known as long as the process lives: after that each plugin
    is told to fetch once more, which is never wrong."""

    def __init__(self) -> None:
        self._policies: OrderedDict[tuple[str, str], ServedPolicy] = OrderedDict()
        self._resolved: OrderedDict[tuple[str, str], _Resolved] = OrderedDict()
        self._documents: OrderedDict[tuple[str, _Key], Document] = OrderedDict()
        self._fetched: OrderedDict[str, tuple[bytes, dt.datetime, int]] = OrderedDict()
        self._lock = threading.Lock()

    def peek(self, state: OrgState, instance: InstanceRecord, now: dt.datetime) -> ServedPolicy | None:
        """The present policy if it is in memory, or nothing but kill switches changed since; never blocks for long."""
        found = self._policies.get((instance.org, instance.name))
        record = state.record
        if found is None or record is None:
            return None
        if found.holds(instance, (record.epoch, record.serial), now):
            return found
        known = self._known(state, instance, now)
        return None if known is None else self._serve(state, known, now)

    def get(self, state: OrgState, instance: InstanceRecord, now: dt.datetime) -> ServedPolicy:
        """The present policy, made if need be. Raises NotFoundError for an org without one, InputError for policies
        that cannot be resolved."""
        return self.peek(state, instance, now) or self._serve(state, self._resolution(state, instance, now), now)

    def note_fetched(self, session: str, served: ServedPolicy, now: dt.datetime, wanted: int) -> None:
        """A session was sent this policy; `wanted` is the mark of the last refresh of its instance."""
        with self._lock:
            _keep(self._fetched, session, (served.document.mark, now, wanted), _MOST)

    def is_held(self, session: str, served: ServedPolicy, now: dt.datetime, wanted: int) -> bool:
        """Whether this policy is what the session was sent last, and lately: an answer may be lost on its way, and the
        plugin does not say what it holds. Nobody may have wanted it to fetch again since then."""
        mark, at, seen = self._fetched.get(session, (b"", now, 0))
        return mark == served.document.mark and now - at < _BELIEVED and wanted <= seen

    def _serve(self, state: OrgState, resolved: _Resolved, now: dt.datetime) -> ServedPolicy:
        instance, record = resolved.instance, state.record
        if record is None:
            raise NotFoundError(f"The org {state.name!r} has no policy yet.", code="unknown-org")
        counters = (record.epoch, record.serial)
        deadline = next_deadline((policy for _, policy in resolved.policies), now)
        served = ServedPolicy(
            instance=instance,
            counters=counters,
            made=now,
            until=resolved.until if deadline is None else min(resolved.until, deadline),
            document=self._document(state, counters, resolved, deadline, now),
            org_id=org_id(instance.org),
            user_id=user_id(instance.org, instance.user),
        )
        with self._lock:
            _keep(self._policies, (instance.org, instance.name), served, _MOST)
        return served

    def _known(self, state: OrgState, instance: InstanceRecord, now: dt.datetime) -> _Resolved | None:
        known = self._resolved.get((instance.org, instance.name))
        served = state.serving(machine_of(instance)).model
        if known is None or known.model() is not served or known.instance != instance:
            return None
        return known if known.begins <= now < known.until else None

    def _resolution(self, state: OrgState, instance: InstanceRecord, now: dt.datetime) -> _Resolved:
        known = self._known(state, instance, now)
        if known is not None:
            return known
        resolved = _resolved(state.serving(machine_of(instance)).model, instance, now)
        with self._lock:
            _keep(self._resolved, (instance.org, instance.name), resolved, _MOST)
        return resolved

    def _document(
        self,
        state: OrgState,
        counters: tuple[int, int],
        resolved: _Resolved,
        deadline: dt.datetime | None,
        now: dt.datetime,
    ) -> Document:
        instance = resolved.instance
        plugin = Plugin(instance=instance.name, groups=resolved.groups, versions=dict(instance.versions))
        kills = concerning(emergency_orders(state, subject_of(instance)), plugin)
        digests = tuple(digest for digest, _ in resolved.policies)
        key = (state.name, (counters, digests, kills, tuple(sorted(instance.versions.items())), deadline))
        known = self._documents.get(key)
        if known is not None:
            return known
        policy = effective_policy(
            [policy for _, policy in resolved.policies],
            plugin,
            serial=counters[1],
            kills=kills,
            catalogue=catalogue(version=instance.versions.get("host")),
            at=now,
        )
        document = _made(policy)
        with self._lock:
            _keep(self._documents, key, document, _MOST_DOCUMENTS)
        return document


def _resolved(model: OrgModel, instance: InstanceRecord, now: dt.datetime) -> _Resolved:
    subject = subject_of(instance)
    found, resolutions = variants(model, subject, *horizon(now))
    present = [variant for variant in found if variant.from_ <= now < variant.until]
    digests = sorted({variant.digest for variant in present})
    return _Resolved(
        model=weakref.ref(model),
        instance=instance,
        begins=max(variant.from_ for variant in present),
        until=min(variant.until for variant in present),
        groups=frozenset(model.facts(subject).groups),
        policies=tuple((digest, resolutions[digest].effective) for digest in digests),
    )


def _made(policy: EffectivePolicy) -> Document:
    return Document(
        policy=policy,
        body=policy.model_dump_json(by_alias=True, exclude_none=True).encode(),
        mark=_digest(policy, kill_switch=policy.kill_switch),
        rules=_digest(policy, kill_switch=KillSwitch(active=False)),
        beat=_beat(policy, refresh=False),
        beat_refresh=_beat(policy, refresh=True),
    )


def _beat(policy: EffectivePolicy, *, refresh: bool) -> bytes:
    """Always with the kill switch: an answer without it would clear the plugin's."""
    beat = Heartbeat(
        policy_version=policy.version,
        kill_switch=policy.kill_switch.active,
        kill_switch_message=policy.kill_switch.message,
        refresh_policy_now=refresh,
    )
    return beat.model_dump_json(by_alias=True, exclude_none=True).encode()


def _digest(policy: EffectivePolicy, *, kill_switch: KillSwitch) -> bytes:
    same = policy.model_copy(update={"version": 0, "kill_switch": kill_switch})
    return hashlib.sha256(same.model_dump_json().encode()).digest()


def _keep(kept: OrderedDict[_K, _V], key: _K, value: _V, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > most:
        kept.popitem(last=False)
