"""The store port on one SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import sqlalchemy as sa

from clawforge.errors import UnavailableError
from clawforge_server.key_custody import KeyCustody
from clawforge_server.migrations.migrate import current_revision, head_revision, upgrade
from clawforge_server.sealing import Seal
from clawforge_server.startup_error import StartupError
from clawforge_server.store.sqlite.acknowledgements import SqlAcknowledgements
from clawforge_server.store.sqlite.agent_streams import SqlAgentStreams
from clawforge_server.store.sqlite.audit import SqlAudit
from clawforge_server.store.sqlite.audit_tree import SqlAuditTree
from clawforge_server.store.sqlite.database import Database
from clawforge_server.store.sqlite.enrollments import SqlEnrollments
from clawforge_server.store.sqlite.history import SqlHistory
from clawforge_server.store.sqlite.instances import SqlInstances
from clawforge_server.store.sqlite.messages import SqlFleetMessages
from clawforge_server.store.sqlite.orgs import SqlOrgs, has_private_keys
from clawforge_server.store.sqlite.overlays import SqlOverlays
from clawforge_server.store.sqlite.plans import SqlPlans
from clawforge_server.store.sqlite.plugin_receipts import SqlPluginReceipts
from clawforge_server.store.sqlite.quarantines import SqlQuarantines
from clawforge_server.store.sqlite.reconcilers import SqlReconcilers
from clawforge_server.store.sqlite.resources import SqlResources
from clawforge_server.store.sqlite.revisions import SqlRevisions
from clawforge_server.store.sqlite.sessions import SqlSessions
from clawforge_server.store.sqlite.sign_in import SqlIdentities, SqlPasswords
from clawforge_server.store.sqlite.skills import SqlSkillRevocations, SqlSkillSubmissions
from clawforge_server.store.sqlite.suspensions import SqlRevocations, SqlSuspensions
from clawforge_server.store.sqlite.tokens import SqlTokens
from clawforge_server.store.sqlite.version_lapses import SqlVersionLapses

_RETRY_SECONDS = 5.0


class SqlTransaction:
    """Implements `store.port.Transaction` on one connection."""

    def __init__(self, connection: sa.Connection, seal: Seal, seen: Mapping[str, int]) -> None:
        self._connection = connection
        self._seal = seal
        self._seen = seen
        self.appended: dict[str, int] = {}

    @cached_property
    def orgs(self) -> SqlOrgs:
        """Orgs, their counters and their keys."""
        return SqlOrgs(self._connection, self._seal)

    @cached_property
    def resources(self) -> SqlResources:
        """The present state and its history."""
        return SqlResources(self._connection)

    @cached_property
    def history(self) -> SqlHistory:
        """What resources were before."""
        return SqlHistory(self._connection)

    @cached_property
    def revisions(self) -> SqlRevisions:
        """One record an apply that changed something."""
        return SqlRevisions(self._connection)

    @cached_property
    def plans(self) -> SqlPlans:
        """Plans that were answered."""
        return SqlPlans(self._connection)

    @cached_property
    def audit(self) -> SqlAudit:
        """The append-only log."""
        return SqlAudit(self._connection, self._seal, self.appended, self._seen)

    @cached_property
    def audit_tree(self) -> SqlAuditTree:
        """The Merkle tree over the log, and its checkpoints."""
        return SqlAuditTree(self._connection, self._seal, self._seen)

    @cached_property
    def agent_streams(self) -> SqlAgentStreams:
        """What instances have sent of their own events."""
        return SqlAgentStreams(self._connection)

    @cached_property
    def plugin_receipts(self) -> SqlPluginReceipts:
        """What old plugins reported lately."""
        return SqlPluginReceipts(self._connection)

    @cached_property
    def tokens(self) -> SqlTokens:
        """API tokens."""
        return SqlTokens(self._connection)

    @cached_property
    def sessions(self) -> SqlSessions:
        """Sign-ins."""
        return SqlSessions(self._connection)

    @cached_property
    def revocations(self) -> SqlRevocations:
        """What other replicas have to notice."""
        return SqlRevocations(self._connection)

    @cached_property
    def suspensions(self) -> SqlSuspensions:
        """Users stopped by hand."""
        return SqlSuspensions(self._connection)

    @cached_property
    def identities(self) -> SqlIdentities:
        """Foreign subjects."""
        return SqlIdentities(self._connection)

    @cached_property
    def passwords(self) -> SqlPasswords:
        """Passwords."""
        return SqlPasswords(self._connection)

    @cached_property
    def enrollments(self) -> SqlEnrollments:
        """Rights to enrol."""
        return SqlEnrollments(self._connection)

    @cached_property
    def instances(self) -> SqlInstances:
        """Enrolled instances."""
        return SqlInstances(self._connection)

    @cached_property
    def quarantines(self) -> SqlQuarantines:
        """Who is shut in."""
        return SqlQuarantines(self._connection)

    @cached_property
    def overlays(self) -> SqlOverlays:
        """What was done by hand."""
        return SqlOverlays(self._connection)

    @cached_property
    def skill_submissions(self) -> SqlSkillSubmissions:
        """Skills that were handed in."""
        return SqlSkillSubmissions(self._connection)

    @cached_property
    def skill_revocations(self) -> SqlSkillRevocations:
        """Skills that were stopped by hand."""
        return SqlSkillRevocations(self._connection)

    @cached_property
    def acknowledgements(self) -> SqlAcknowledgements:
        """Which bundles instances said that they enforce."""
        return SqlAcknowledgements(self._connection)

    @cached_property
    def fleet_messages(self) -> SqlFleetMessages:
        """What the people at machines are told."""
        return SqlFleetMessages(self._connection)

    @cached_property
    def version_lapses(self) -> SqlVersionLapses:
        """Which components of instances are out of range."""
        return SqlVersionLapses(self._connection)

    @cached_property
    def reconcilers(self) -> SqlReconcilers:
        """Who keeps the org equal to git."""
        return SqlReconcilers(self._connection)


class SqliteStore:
    """Implements `store.port.Store`; the file is brought to the present shape when it is opened."""

    def __init__(self, path: Path, custody: KeyCustody) -> None:
        self._database = Database(path)
        self._listeners: list[Callable[[str], None]] = []
        self._log_sizes: dict[str, int] = {}
        try:
            with self._database.transaction() as connection:
                upgrade(connection, lambda: custody.seal(may_create=True))
                self._seal = _checked_seal(connection, custody)
        except sa.exc.DatabaseError as error:
            self._database.close()
            raise StartupError(
                f"The database {path} cannot be brought to the present shape: {error.orig}.",
                hint="Nothing was changed. Make room on the disk; a damaged file has to be restored from a backup.",
            ) from error
        except BaseException:
            self._database.close()
            raise

    @contextmanager
    def transaction(self) -> Iterator[SqlTransaction]:
        """Begin; the end of the block commits, an exception rolls back.

        Raises UnavailableError when the file cannot be read or written now, as on a full disk.
        """
        try:
            with self._database.transaction() as connection:
                transaction = SqlTransaction(connection, self._seal, self._log_sizes)
                yield transaction
        except sa.exc.OperationalError as error:
            raise UnavailableError(
                "The database cannot be used now; nothing was changed.",
                hint="Look for space and permissions where the server keeps its data.",
                code="store-unavailable",
                retry_after=_RETRY_SECONDS,
            ) from error
        for org, size in transaction.appended.items():
            self._log_sizes[org] = max(size, self._log_sizes.get(org, 0))
            for listener in self._listeners:
                listener(org)

    def on_appended(self, listener: Callable[[str], None]) -> None:
        """Call this with every org whose audit log grew, once that is durable."""
        self._listeners.append(listener)

    def check_ready(self) -> None:
        """Raise UnavailableError unless the database answers and has the shape that this code needs."""
        try:
            with self._database.transaction() as connection:
                found = current_revision(connection)
        except sa.exc.SQLAlchemyError as error:
            raise UnavailableError("The database does not answer.", code="not-ready") from error
        if found != head_revision():
            raise UnavailableError("The database has another shape than this program needs.", code="not-ready")

    def close(self) -> None:
        """Release the file."""
        self._database.close()


def _checked_seal(connection: sa.Connection, custody: KeyCustody) -> Seal:
    """The seal that every private key in the database opens with. Raises StartupError."""
    sealed = has_private_keys(connection)
    seal = custody.seal(may_create=not sealed)
    try:
        orgs = SqlOrgs(connection, seal)
        for name in orgs.names():
            orgs.keys(name)
    except UnavailableError as error:
        raise StartupError(error.message, hint=error.hint) from error
    return seal
