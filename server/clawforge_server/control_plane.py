"""The parts of a running server, put together."""

from __future__ import annotations

from dataclasses import dataclass

import anyio

from clawforge_server.auth.rate_limit import FailureLimit
from clawforge_server.clock import Clock
from clawforge_server.state.bundle_cache import BundleCache
from clawforge_server.state.instance_directory import InstanceDirectory
from clawforge_server.state.instance_reports import InstanceReports
from clawforge_server.state.org_states import OrgStates
from clawforge_server.state.wakeups import Wakeups
from clawforge_server.store.port import Store

_THREADS = 4
"""Enough for a long plan to delay no other request; the store lets one transaction at a time through anyway."""


@dataclass(frozen=True)
class ControlPlane:
    """Made once a process. `behind_proxy`: addresses of clients come from the proxy's `X-Forwarded-For`."""

    store: Store
    clock: Clock
    states: OrgStates
    wakeups: Wakeups
    instances: InstanceDirectory
    reports: InstanceReports
    bundles: BundleCache
    failures: FailureLimit
    threads: anyio.CapacityLimiter
    behind_proxy: bool = False


def make_control_plane(store: Store, clock: Clock, *, behind_proxy: bool = False) -> ControlPlane:
    """Everything that requests need, on one store. Call it inside the event loop that serves them."""
    wakeups = Wakeups()
    return ControlPlane(
        store=store,
        clock=clock,
        states=OrgStates(store, clock, wakeups),
        wakeups=wakeups,
        instances=InstanceDirectory(store),
        reports=InstanceReports(store),
        bundles=BundleCache(),
        failures=FailureLimit(clock),
        threads=anyio.CapacityLimiter(_THREADS),
        behind_proxy=behind_proxy,
    )
