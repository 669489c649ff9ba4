"""What a server does by itself while it serves: each chore goes on until it is cancelled, whatever fails."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from clawforge_server.endpoint import in_thread
from clawforge_server.log import failure_fields, logger
from clawforge_server.service.audit_retention import tend_ledger
from clawforge_server.service.overlay_clock import orgs_with_due_overlays, tend_overlays
from clawforge_server.service.version_watch import watch_versions

if TYPE_CHECKING:
    from clawforge_server.control_plane import ControlPlane

# A crash loses at most a second of what instances reported: the time until the next write, and that of the write.
_FLUSH_SECONDS = 0.5
_TEND_SECONDS = 60.0
_WATCH_SECONDS = 1.0
_OVERLAY_SECONDS = 1.0


async def _flush_reports(plane: ControlPlane) -> None:
    while True:
        await asyncio.sleep(_FLUSH_SECONDS)
        try:
            await in_thread(plane, plane.reports.flush)
            await in_thread(plane, plane.messages.flush)
        except Exception as error:  # What was not written stays pending; the next round tries again.
            logger().error("reports not written", **failure_fields(error))


async def _watch_revocations(plane: ControlPlane) -> None:
    """What another replica revoked is dead here within a second, open streams included."""
    while True:
        await asyncio.sleep(_WATCH_SECONDS)
        try:
            changed = await in_thread(plane, plane.credentials.catch_up)
        except Exception as error:  # A store that does not answer revokes nothing either; the next round asks again.
            logger().error("revocations not read", **failure_fields(error))
            continue
        plane.instances.forget_orgs(changed)
        for org in changed:
            plane.wakeups.notify(org)


async def _tend_ledgers(plane: ControlPlane) -> None:
    """Keep signed checkpoints of every org's audit log, and let go of what is older than the org keeps it."""
    while True:
        await asyncio.sleep(_TEND_SECONDS)
        for org in await _orgs(plane):
            try:
                await in_thread(plane, functools.partial(tend_ledger, plane, org))
            except Exception as error:  # One org's damaged log must not stop the others' from being kept.
                logger().error("audit log not tended", org=org, **failure_fields(error))


async def _time_overlays(plane: ControlPlane) -> None:
    """End what was done by hand for a time, within a second, and remind of what stays."""
    while True:
        await asyncio.sleep(_OVERLAY_SECONDS)
        try:
            due = await in_thread(plane, functools.partial(orgs_with_due_overlays, plane))
        except Exception as error:  # What does not end goes on, and an emergency stays one; the next round asks again.
            logger().error("overlays not read", **failure_fields(error))
            continue
        for org in due:
            try:
                await in_thread(plane, functools.partial(tend_overlays, plane, org))
            except Exception as error:  # One org's trouble must not keep the others' overlays from ending.
                logger().error("overlays not tended", org=org, **failure_fields(error))


async def _watch_versions(plane: ControlPlane) -> None:
    """Note within a minute what fell out of range, whoever asks."""
    while True:
        await asyncio.sleep(_TEND_SECONDS)
        for org in await _orgs(plane):
            try:
                await in_thread(plane, functools.partial(_look_at_versions, plane, org))
            except Exception as error:  # One org's trouble must not keep the others from being looked at.
                logger().error("versions not looked at", org=org, **failure_fields(error))


def _look_at_versions(plane: ControlPlane, org: str) -> None:
    state = plane.states.find(org)
    if state is not None:
        watch_versions(plane, state)


async def _orgs(plane: ControlPlane) -> tuple[str, ...]:
    def work() -> tuple[str, ...]:
        with plane.store.transaction() as transaction:
            return transaction.orgs.names()

    try:
        return await in_thread(plane, work)
    except Exception as error:  # A store that does not answer has nothing to tend; the next round asks again.
        logger().error("orgs not read", **failure_fields(error))
        return ()


CHORES: tuple[Callable[[ControlPlane], Coroutine[Any, Any, None]], ...] = (
    _flush_reports,
    _watch_revocations,
    _tend_ledgers,
    _time_overlays,
    _watch_versions,
)
