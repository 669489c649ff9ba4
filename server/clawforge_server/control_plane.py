"""The parts of a running server, put together."""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from clawforge_server.auth.oidc.egress import Egress
from clawforge_server.auth.rate_limit import FailureLimit
from clawforge_server.auth.request_limits import RequestLimits, RequestRates, rates
from clawforge_server.auth.sign_in_desk import SignInDesk, make_sign_in_desk
from clawforge_server.auth.token_directory import TokenDirectory
from clawforge_server.body_room import BodyRoom
from clawforge_server.clock import Clock
from clawforge_server.state.agent_events import AgentEvents
from clawforge_server.state.bundle_cache import BundleCache
from clawforge_server.state.instance_directory import InstanceDirectory
from clawforge_server.state.instance_reports import InstanceReports
from clawforge_server.state.lint_memory import LintMemory
from clawforge_server.state.meaning_memory import MeaningMemory
from clawforge_server.state.message_board import MessageBoard
from clawforge_server.state.org_states import OrgStates
from clawforge_server.state.plugin_directory import PluginDirectory
from clawforge_server.state.plugin_policies import PluginPolicies
from clawforge_server.state.plugin_streams import PluginStreams
from clawforge_server.state.reconciler_leases import LEASE_SECONDS, ReconcilerLeases
from clawforge_server.state.refreshes import Refreshes
from clawforge_server.state.rollout_looks import RolloutLooks
from clawforge_server.state.signed_leases import SignedLeases
from clawforge_server.state.steady_time import SteadyTime
from clawforge_server.state.version_looks import VersionLooks
from clawforge_server.state.wakeups import Wakeups
from clawforge_server.store.port import Store

_THREADS = 4
"""Enough for a long plan to delay no other request; the store lets one transaction at a time through anyway."""


def audit_topic(org: str) -> str:
    """What wakes whoever follows the audit log of an org; no org has such a name."""
    return f"audit:{org}"


@dataclass(frozen=True)
class ControlPlane:
    """Made once a process. `behind_proxy`: addresses of clients come from the proxy's `X-Forwarded-For`."""

    store: Store
    clock: Clock
    states: OrgStates
    wakeups: Wakeups
    instances: InstanceDirectory
    credentials: TokenDirectory
    reports: InstanceReports
    bundles: BundleCache
    events: AgentEvents
    leases: SignedLeases
    messages: MessageBoard
    plugins: PluginDirectory
    plugin_policies: PluginPolicies
    plugin_streams: PluginStreams
    lint_memory: LintMemory
    meaning_memory: MeaningMemory
    version_looks: VersionLooks
    rollout_looks: RolloutLooks
    steady: SteadyTime
    refreshes: Refreshes
    reconcilers: ReconcilerLeases
    failures: FailureLimit
    limits: RequestLimits
    body_room: BodyRoom
    desk: SignInDesk
    threads: anyio.CapacityLimiter
    behind_proxy: bool = False


def make_control_plane(
    store: Store,
    clock: Clock,
    *,
    behind_proxy: bool = False,
    egress: Egress | None = None,
    limits: RequestRates | None = None,
    lease_seconds: int = LEASE_SECONDS,
) -> ControlPlane:
    """Everything that requests need, on one store. Call it inside the event loop that serves them."""
    wakeups = Wakeups()
    bundles = BundleCache()
    states = OrgStates(store, clock, wakeups)
    instances = InstanceDirectory()
    threads = anyio.CapacityLimiter(_THREADS)
    refreshes = Refreshes()
    messages = MessageBoard(store)
    store.on_appended(lambda org: wakeups.notify(audit_topic(org)))
    return ControlPlane(
        store=store,
        clock=clock,
        states=states,
        wakeups=wakeups,
        instances=instances,
        credentials=TokenDirectory(store),
        reports=InstanceReports(store, bundles),
        bundles=bundles,
        leases=SignedLeases(),
        events=AgentEvents(store, clock, states, instances, wakeups, refreshes, messages, threads),
        messages=messages,
        plugins=PluginDirectory(instances),
        plugin_policies=PluginPolicies(),
        plugin_streams=PluginStreams(),
        lint_memory=LintMemory(),
        meaning_memory=MeaningMemory(),
        version_looks=VersionLooks(),
        rollout_looks=RolloutLooks(),
        steady=SteadyTime(clock),
        refreshes=refreshes,
        reconcilers=ReconcilerLeases(clock, lease_seconds),
        failures=FailureLimit(clock),
        limits=RequestLimits(clock, limits or rates()),
        body_room=BodyRoom(),
        desk=make_sign_in_desk(clock, egress or Egress()),
        threads=threads,
        behind_proxy=behind_proxy,
    )
