"""What instances say about themselves, gathered in memory and written in batches: a poll costs no write."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Mapping

from clawforge_server.state.bundle_cache import BundleCache
from clawforge_server.store.port import Store
from clawforge_server.store.records import AcknowledgementRecord, InstanceRecord, InstanceReport

_MOST = 200_000


class InstanceReports:
    """The newest report of each instance since the last flush, and every change of what it acknowledges. A crash loses
    a second of it, and nothing else."""

    def __init__(self, store: Store, bundles: BundleCache) -> None:
        self._store = store
        self._bundles = bundles
        self._pending: dict[tuple[str, str], InstanceReport] = {}
        self._changes: list[AcknowledgementRecord] = []
        self._seen: dict[tuple[str, str], dt.datetime] = {}
        # What each instance acknowledged last: a poll that repeats it asks and writes nothing.
        self._acknowledged: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._running: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._version_changes: dict[str, int] = {}
        self._lock = threading.Lock()

    def note(
        self,
        instance: InstanceRecord,
        at: dt.datetime,
        acknowledged: str | None = None,
        versions: Mapping[str, str] | None = None,
    ) -> None:
        """Remember that an instance was heard of, and what it says."""
        self.take(InstanceReport(instance.org, instance.name, at, acknowledged, versions))

    def take(self, report: InstanceReport) -> None:
        """Remember a report; what it leaves out stays as it was reported before."""
        key = (report.org, report.name)
        with self._lock:
            if report.acknowledged is not None and self._acknowledged.get(key) != report.acknowledged:
                self._note_change(report, report.acknowledged)
            if report.versions is not None:
                self._note_versions(key, report.versions)
            before = self._pending.get(key)
            self._pending[key] = report if before is None else _joined(before, report)

    def knows(self, org: str, instance: str, acknowledged: str | None) -> bool:
        """Whether it is no news that an instance acknowledges this."""
        return acknowledged is None or self._acknowledged.get((org, instance)) == acknowledged

    def seen(self, org: str, instance: str, at: dt.datetime) -> None:
        """Remember that an instance was heard of, and said nothing new."""
        with self._lock:
            self._seen[org, instance] = at

    def version_changes(self, org: str) -> int:
        """A number that grows whenever an instance of the org may have reported other versions than before."""
        return self._version_changes.get(org, 0)

    def flush(self) -> None:
        """Write everything that is pending, in one transaction. What fails to be written stays pending."""
        with self._lock:
            seen, self._seen = self._seen, {}
            pending, self._pending = self._pending, {}
            for (org, name), at in seen.items():
                before = pending.get((org, name))
                if before is None:
                    pending[org, name] = InstanceReport(org, name, at)
                elif before.last_seen < at:
                    pending[org, name] = dataclasses.replace(before, last_seen=at)
            changes, self._changes = self._changes, []
        if not pending:
            return
        try:
            with self._store.transaction() as transaction:
                transaction.instances.report(tuple(pending.values()))
                transaction.acknowledgements.add(changes)
        except BaseException:
            with self._lock:
                self._pending = {**pending, **self._pending}
                self._changes = [*changes, *self._changes]
            raise

    def _note_versions(self, key: tuple[str, str], versions: Mapping[str, str]) -> None:
        mark = hash(tuple(sorted(versions.items())))
        if self._running.get(key) == mark:
            return
        self._version_changes[key[0]] = self._version_changes.get(key[0], 0) + 1
        self._running[key] = mark
        self._running.move_to_end(key)
        if len(self._running) > _MOST:
            self._running.popitem(last=False)

    def _note_change(self, report: InstanceReport, digest: str) -> None:
        issue = self._bundles.issued(report.org, report.name, digest)
        self._changes.append(
            AcknowledgementRecord(
                org=report.org,
                instance=report.name,
                at=report.last_seen,
                digest=digest,
                revision=None if issue is None else issue.revision,
                serial=None if issue is None else issue.serial,
            )
        )
        self._acknowledged[report.org, report.name] = digest
        self._acknowledged.move_to_end((report.org, report.name))
        if len(self._acknowledged) > _MOST:
            self._acknowledged.popitem(last=False)


def _joined(before: InstanceReport, after: InstanceReport) -> InstanceReport:
    """The later report, with what only the earlier one says."""
    return InstanceReport(
        org=after.org,
        name=after.name,
        last_seen=after.last_seen,
        acknowledged=after.acknowledged or before.acknowledged,
        versions=before.versions if after.versions is None else after.versions,
        started_at=after.started_at or before.started_at,
        last_exit=after.last_exit or before.last_exit,
        crashes=before.crashes if after.crashes is None else after.crashes,
        channels=before.channels if after.channels is None else after.channels,
    )
