"""The policies of old plugins by instance, each made once a serial and stretch of time, and who holds which."""

from __future__ import annotations

import datetime as dt
import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass

from clawforge.decide.catalogue import catalogue
from clawforge.legacy.answer import EffectivePolicy, Heartbeat, KillSwitch
from clawforge.legacy.identifier import org_id, user_id
from clawforge.legacy.policy import Plugin, effective_policy, next_deadline
from clawforge.resolve.variants import horizon, variants
from clawforge_server.state.bundle_cache import BundleCache, subject_of
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.records import InstanceRecord

_MOST = 200_000


@dataclass(frozen=True, slots=True)
class ServedPolicy:
    """A policy as it is served: for these counters, from the moment it was made until `until`.

    `mark` tells what a plugin would enforce from everything else, whatever its version is: a schedule changes what
    holds without an apply, and an apply may change nothing for this plugin. `rules` does so without the kill switch.
    `beat` is the answer to a heartbeat of whoever holds this policy, `beat_refresh` that of everybody else. The ids are
    those under which the plugin may ask.
    """

    counters: tuple[int, int]
    made: dt.datetime
    until: dt.datetime
    policy: EffectivePolicy
    body: bytes
    mark: bytes
    rules: bytes
    beat: bytes
    beat_refresh: bytes
    org_id: str
    user_id: str

    def holds(self, counters: tuple[int, int], now: dt.datetime) -> bool:
        """Whether it is the one to serve now. A clock that went back makes another one."""
        return self.counters == counters and self.made <= now < self.until


class PluginPolicies:
    """Used from any thread. What a session fetched last is known as long as the process lives: after that each plugin
    is told to fetch once more, which is never wrong."""

    def __init__(self, bundles: BundleCache) -> None:
        self._bundles = bundles
        self._policies: OrderedDict[tuple[str, str], ServedPolicy] = OrderedDict()
        self._fetched: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def peek(self, state: OrgState, instance: InstanceRecord, now: dt.datetime) -> ServedPolicy | None:
        """The present policy if it is in memory; never blocks for long."""
        found = self._policies.get((instance.org, instance.name))
        record = state.record
        if found is None or record is None or not found.holds((record.epoch, record.serial), now):
            return None
        return found

    def get(self, state: OrgState, instance: InstanceRecord, now: dt.datetime) -> ServedPolicy:
        """The present policy, made if need be. Raises NotFoundError for an org without one, InputError for policies
        that cannot be resolved."""
        found = self.peek(state, instance, now)
        if found is None:
            found = _served(state, instance, self._bundles, now)
            with self._lock:
                self._policies[instance.org, instance.name] = found
                while len(self._policies) > _MOST:
                    self._policies.popitem(last=False)
        return found

    def note_fetched(self, session: str, served: ServedPolicy) -> None:
        """A session holds this policy from now on."""
        with self._lock:
            self._fetched[session] = served.mark
            self._fetched.move_to_end(session)
            while len(self._fetched) > _MOST:
                self._fetched.popitem(last=False)

    def is_held(self, session: str, served: ServedPolicy) -> bool:
        """Whether this policy is what the session fetched last."""
        return self._fetched.get(session) == served.mark


def _served(state: OrgState, instance: InstanceRecord, bundles: BundleCache, now: dt.datetime) -> ServedPolicy:
    # What stops an instance stands in its lease: the same for every kind of agent.
    lease = bundles.get(state, instance).lease
    subject = subject_of(instance)
    found, resolutions = variants(state.model, subject, *horizon(now))
    present = [variant for variant in found if variant.from_ <= now < variant.until]
    policies = [resolutions[digest].effective for digest in sorted({variant.digest for variant in present})]
    plugin = Plugin(
        instance=instance.name, groups=frozenset(state.model.facts(subject).groups), versions=dict(instance.versions)
    )
    policy = effective_policy(
        policies,
        plugin,
        serial=lease.serial,
        kills=lease.kill,
        catalogue=catalogue(version=instance.versions.get("host")),
        at=now,
    )
    body = policy.model_dump_json(by_alias=True, exclude_none=True).encode()
    ends = [variant.until for variant in present]
    deadline = next_deadline(policies, now)
    return ServedPolicy(
        counters=(lease.epoch, lease.serial),
        made=now,
        until=min(ends if deadline is None else [*ends, deadline]),
        policy=policy,
        body=body,
        mark=_digest(policy, kill_switch=policy.kill_switch),
        rules=_digest(policy, kill_switch=KillSwitch(active=False)),
        beat=_beat(policy, refresh=False),
        beat_refresh=_beat(policy, refresh=True),
        org_id=org_id(instance.org),
        user_id=user_id(instance.org, instance.user),
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
