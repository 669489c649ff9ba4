"""What the server asks of a store. Every method of a transaction names its org.

A transaction sees and makes one consistent state: when its block ends normally everything in it is durable,
when it raises nothing of it happened. Writers of one org never interleave.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from clawforge.fleet_drift import Standing
from clawforge.position import ResourcePosition
from clawforge.state import StateEntry
from clawforge.wire import Revision
from clawforge_server.store.acknowledgement_port import Acknowledgements
from clawforge_server.store.audit_port import AgentStreams, Audit, AuditTree
from clawforge_server.store.history_port import History
from clawforge_server.store.message_port import FleetMessages
from clawforge_server.store.overlay_port import Overlays
from clawforge_server.store.plugin_receipt_port import PluginReceipts
from clawforge_server.store.quarantine_port import Quarantines
from clawforge_server.store.reconciler_port import Reconcilers
from clawforge_server.store.records import (
    EnrollmentRecord,
    InstanceRecord,
    InstanceReport,
    JudgementRecord,
    KeyRecord,
    OrgRecord,
    PlanRecord,
    RetiredCredential,
    SessionRecord,
    SuspensionRecord,
    TokenRecord,
)
from clawforge_server.store.sign_in import Identities, Passwords
from clawforge_server.store.skill_port import SkillRevocations, SkillSubmissions
from clawforge_server.store.version_lapse_port import VersionLapses


class Orgs(Protocol):
    """Orgs, their counters and their keys."""

    def names(self) -> tuple[str, ...]:
        """Every org of this server, by name."""

    def get(self, org: str) -> OrgRecord | None:
        """The org, if it exists."""

    def create(self, record: OrgRecord) -> None:
        """Add an org that does not exist."""

    def update(self, record: OrgRecord) -> None:
        """Write the counters and the state digest of an existing org."""

    def keys(self, org: str) -> tuple[KeyRecord, ...]:
        """All keys, retired ones included, oldest first."""

    def add_key(self, org: str, key: KeyRecord) -> None:
        """Add a key."""


class Resources(Protocol):
    """The present state, its history, and where everything stands in the files."""

    def entries(self, org: str) -> dict[str, StateEntry]:
        """The present resources by address, sorted."""

    def entries_at(self, org: str, revision: int) -> dict[str, StateEntry]:
        """The resources as they were at a revision."""

    def write(self, org: str, revision: int, upserts: Mapping[str, StateEntry], deletes: Iterable[str]) -> None:
        """Change the present state, and keep in the history that `revision` did so."""

    def before(self, org: str, revision: int) -> dict[str, StateEntry | None]:
        """What a revision wrote or deleted, as it was before: by address, None for what was not there."""

    def changed_since(self, org: str, revision: int) -> tuple[str, ...]:
        """Addresses that later revisions wrote or deleted, sorted."""

    def positions(self, org: str) -> dict[str, ResourcePosition]:
        """By address."""

    def place(self, org: str, source: str, positions: Mapping[str, ResourcePosition], commit: str | None) -> None:
        """Replace the positions of all resources of a source, and the commit it was last applied from."""


class Revisions(Protocol):
    """One record an apply that changed something."""

    def get(self, org: str, number: int) -> Revision | None:
        """One revision."""

    def add(self, org: str, revision: Revision) -> None:
        """Append; numbers count from 1 without gaps."""

    def page(self, org: str, before: int | None, limit: int) -> tuple[Revision, ...]:
        """Newest first, below `before`."""


class Plans(Protocol):
    """Plans that were answered."""

    def get(self, org: str, plan_id: str) -> PlanRecord | None:
        """The plan with what it would write."""

    def add(self, org: str, plan: PlanRecord) -> None:
        """Keep a plan."""

    def newest_open(self, org: str, now: dt.datetime, limit: int) -> tuple[PlanRecord, ...]:
        """Plans that could still be applied at a moment, newest first."""

    def mark_applied(self, org: str, plan_id: str, result: str) -> None:
        """Remember the answer of the first apply, and drop what is not needed any more."""

    def forget_expired(self, org: str, before: dt.datetime) -> None:
        """Drop plans that expired before a moment and were never applied."""

    def judge(self, org: str, judgement: JudgementRecord) -> None:
        """Keep what a reviewer says, in place of what they said before. The plan must be the author's."""

    def judgements(
        self, org: str, plan_id: str, digest: str, meaning: str, now: dt.datetime
    ) -> tuple[JudgementRecord, ...]:
        """What reviewers said about a plan, and about plans of the same change with the same meaning that could still
        be applied now, oldest first."""


class Tokens(Protocol):
    """API keys. `org` None is the server's owner."""

    def find(self, sha256: str) -> TokenRecord | None:
        """The token with this hash, whatever its org: this is how a caller is recognised."""

    def get(self, org: str, token_id: str) -> TokenRecord | None:
        """One token of the org, valid or not."""

    def add(self, token: TokenRecord) -> None:
        """Keep a token."""

    def has_owner(self) -> bool:
        """Whether an owner's token was ever made."""

    def list(self, org: str) -> tuple[TokenRecord, ...]:
        """The org's tokens, oldest first, revoked ones included."""

    def replace(self, org: str, token_id: str, successor: str, expires_at: dt.datetime) -> None:
        """The token ends at a moment, and is revoked with its successor from now on."""

    def tree(self, org: str, token_id: str) -> frozenset[str]:
        """The ids of a token and of everything that was made with it."""

    def revoke(self, org: str, token_id: str, at: dt.datetime) -> tuple[str, ...]:
        """Revoke a token and everything that was made with it; the hashes of what was valid until now.

        `token_id` may be that of a session, which itself is left as it is.
        """


class Sessions(Protocol):
    """Sign-ins."""

    def find(self, sha256: str) -> SessionRecord | None:
        """The session whose present access token has this hash, whatever its org."""

    def find_refresh(self, sha256: str) -> tuple[SessionRecord, bool] | None:
        """The session that a refresh token belongs or belonged to, and whether the token is still unused."""

    def get(self, org: str, session_id: str) -> SessionRecord | None:
        """One session."""

    def add(self, session: SessionRecord) -> None:
        """Keep a session."""

    def list(self, org: str, holder: str | None = None) -> tuple[SessionRecord, ...]:
        """The org's sessions, or one holder's, oldest first, ended ones included."""

    def rotate(self, session: SessionRecord, used: str) -> bool:
        """Write new tokens, and keep that the refresh token with the hash `used` was used; False if it was before."""

    def bind(self, org: str, session_id: str, instance: str) -> None:
        """The session is that of an old plugin on this machine from now on."""

    def end(self, org: str, session_id: str, at: dt.datetime, by: str) -> bool:
        """False when the org has no such session, or it has ended."""

    def forget_ended(self, org: str, before: dt.datetime) -> None:
        """Drop sessions that ended, or expired, before a moment."""


class Revocations(Protocol):
    """A number for each org that grows with everything that ends a credential."""

    def add(self, org: str) -> None:
        """Something ended."""

    def numbers(self) -> dict[str, int]:
        """By org; orgs in which nothing ended yet are left out."""


class Suspensions(Protocol):
    """Users stopped by hand."""

    def list(self, org: str) -> tuple[SuspensionRecord, ...]:
        """By name."""

    def add(self, org: str, suspension: SuspensionRecord) -> bool:
        """False when the user is stopped already."""

    def lift(self, org: str, user: str) -> bool:
        """False when the user is not stopped by hand."""


class Enrollments(Protocol):
    """Rights to enrol."""

    def rename_users(self, org: str, renamed: Mapping[str, str]) -> None:
        """Former to later names of users; all at once."""

    def get(self, org: str, enrollment_id: str) -> EnrollmentRecord | None:
        """One enrolment, good or not."""

    def find(self, sha256: str) -> EnrollmentRecord | None:
        """The enrolment with this hash, whatever its org: this is how an enrolling agent is recognised."""

    def add(self, enrollment: EnrollmentRecord) -> None:
        """Keep an enrolment."""

    def use(self, org: str, enrollment_id: str) -> bool:
        """Take one use; False when none is left."""

    def list(self, org: str) -> tuple[EnrollmentRecord, ...]:
        """Oldest first."""

    def revoke(self, org: str, enrollment_id: str, at: dt.datetime) -> bool:
        """False when the org has no such enrolment, or it is revoked already."""


class Instances(Protocol):
    """Enrolled instances."""

    def get(self, org: str, name: str) -> InstanceRecord | None:
        """One instance, revoked or not."""

    def find(self, sha256: str) -> InstanceRecord | None:
        """The instance whose present or next credential has this hash, whatever its org."""

    def with_credentials(self, org: str, hashes: Collection[str]) -> tuple[InstanceRecord, ...]:
        """The instances whose present credentials have these hashes, of which there are at most 500."""

    def add(self, instance: InstanceRecord) -> None:
        """Add an instance under an unused name."""

    def list(self, org: str) -> tuple[InstanceRecord, ...]:
        """By name, revoked ones included."""

    def standings(self, org: str) -> tuple[Standing, ...]:
        """What those that are active said last, by name; much cheaper than `list`."""

    def of_user(self, org: str, user: str) -> tuple[InstanceRecord, ...]:
        """Those of one user by name, revoked ones included."""

    def count(self, org: str, at: dt.datetime) -> int:
        """How many are active, or wait to be let in."""

    def revoke(self, org: str, name: str, at: dt.datetime, reason: str | None = None) -> bool:
        """False when the org has no such instance, or it is revoked or rejected already."""

    def approve(self, org: str, name: str, at: dt.datetime, by: str, reason: str | None) -> bool:
        """False when the org has no such instance that waits and has not waited too long."""

    def rename_users(self, org: str, renamed: Mapping[str, str]) -> None:
        """Former to later names of users; all at once, so that two may exchange theirs."""

    def set_tags(self, org: str, name: str, tags: Mapping[str, str]) -> None:
        """Give an instance these tags and no others."""

    def offer(self, org: str, name: str, sha256: str, until: dt.datetime) -> None:
        """The credential that takes the place of the present one if it is used before a moment."""

    def rotate(self, instance: InstanceRecord, at: dt.datetime) -> InstanceRecord:
        """The instance, whose next credential is its present one now, while the one before is kept as retired."""

    def retired(self, sha256: str) -> RetiredCredential | None:
        """The credential with this hash that another one replaced, whatever its org."""

    def note_shown(self, credential: RetiredCredential, at: dt.datetime) -> None:
        """Keep when a retired credential came again."""

    def report(self, reports: Sequence[InstanceReport]) -> None:
        """Write what instances said, many at once."""


class Transaction(Protocol):
    """One unit of work."""

    @property
    def orgs(self) -> Orgs:
        """Orgs, counters, keys."""

    @property
    def resources(self) -> Resources:
        """State, history, positions."""

    @property
    def history(self) -> History:
        """What resources were before."""

    @property
    def revisions(self) -> Revisions:
        """Revisions."""

    @property
    def plans(self) -> Plans:
        """Plans."""

    @property
    def audit(self) -> Audit:
        """The log."""

    @property
    def audit_tree(self) -> AuditTree:
        """The Merkle tree over the log, and its checkpoints."""

    @property
    def agent_streams(self) -> AgentStreams:
        """What instances have sent of their own events."""

    @property
    def plugin_receipts(self) -> PluginReceipts:
        """What old plugins reported lately."""

    @property
    def tokens(self) -> Tokens:
        """API tokens."""

    @property
    def sessions(self) -> Sessions:
        """Sign-ins."""

    @property
    def revocations(self) -> Revocations:
        """What other replicas have to notice."""

    @property
    def suspensions(self) -> Suspensions:
        """Users stopped by hand."""

    @property
    def identities(self) -> Identities:
        """Foreign subjects."""

    @property
    def passwords(self) -> Passwords:
        """Passwords."""

    @property
    def enrollments(self) -> Enrollments:
        """Rights to enrol."""

    @property
    def instances(self) -> Instances:
        """Enrolled instances."""

    @property
    def quarantines(self) -> Quarantines:
        """Who is shut in."""

    @property
    def overlays(self) -> Overlays:
        """What was done by hand."""

    @property
    def skill_submissions(self) -> SkillSubmissions:
        """Skills that were handed in."""

    @property
    def skill_revocations(self) -> SkillRevocations:
        """Skills that were stopped by hand."""

    @property
    def acknowledgements(self) -> Acknowledgements:
        """Which bundles instances said that they enforce."""

    @property
    def fleet_messages(self) -> FleetMessages:
        """What the people at machines are told."""

    @property
    def version_lapses(self) -> VersionLapses:
        """Which components of instances are out of range."""

    @property
    def reconcilers(self) -> Reconcilers:
        """Who keeps the org equal to git."""


class Store(Protocol):
    """A store; methods may be called from any thread, and block."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Begin; the end of the block commits, an exception rolls back."""

    def on_appended(self, listener: Callable[[str], None]) -> None:
        """Call this with every org whose audit log grew, once that is durable; from any thread, and briefly."""

    def check_ready(self) -> None:
        """Raise UnavailableError unless the store answers and has the shape that this code needs."""

    def close(self) -> None:
        """Release everything; durable already is what was committed."""
