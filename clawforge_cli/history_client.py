"""The calls of the control plane about what was applied, and about going back to it."""

from __future__ import annotations

from clawforge.errors import ForbiddenError
from clawforge.field_history import FieldHistory, joined
from clawforge.history import RevisionDetail, StateDiff
from clawforge.plan import Plan
from clawforge.revision_name import require_revision_name
from clawforge.wire import Revision, RevisionPage, StateAnswer
from clawforge.wire_history import RollbackRequest
from clawforge_cli.identity_client import IdentityClient

_AT_ONCE = 500
_MOST_PAGES = 40


class HistoryClient(IdentityClient):
    """Calls one org of one control plane. Revisions are named by number, `latest` or `latest~2`."""

    def log(self, *, before: int | None = None, limit: int) -> RevisionPage:
        """Revisions below one, newest first, page after page up to a number of them."""
        found: tuple[Revision, ...] = ()
        cursor = before
        while True:
            page = self.revisions(self.org, before=cursor, limit=min(limit - len(found), _AT_ONCE))
            found, cursor = (*found, *page.revisions), page.next
            if cursor is None or len(found) >= limit:
                return RevisionPage(revisions=found, next=cursor)

    def revision(self, name: str) -> Revision:
        """One revision. Raises InputError for what names none, NotFoundError for one that there is not."""
        return self._call(Revision, "GET", self._path("revisions", require_revision_name(name)))

    def revision_detail(self, name: str) -> RevisionDetail:
        """One revision, who approved it, and what it changed as far as the caller may know. Raises as `revision`."""
        revision = self.revision(name)
        try:
            changes = self.diff(str(revision.number - 1), str(revision.number)).changes
        except ForbiddenError:
            return RevisionDetail(revision=revision)
        return RevisionDetail(revision=revision, changes=changes)

    def diff(self, before: str, after: str) -> StateDiff:
        """What differs between two revisions."""
        query = {"from": require_revision_name(before), "to": require_revision_name(after)}
        return self._call(StateDiff, "GET", self._path("diff"), query=query)

    def state_at(self, name: str) -> StateAnswer:
        """Every resource at a revision."""
        number = name if name.isdecimal() else str(self.revision(name).number)
        return self._call(StateAnswer, "GET", self._path("state"), query={"revision": number})

    def plan_rollback(self, source: str, revision: str) -> Plan:
        """The plan that brings what a source owns back to a revision."""
        request = RollbackRequest(source=source, revision=require_revision_name(revision))
        return self._call(Plan, "POST", self._path("rollbacks"), request)

    def field_history(self, address: str, field: str | None, *, every: bool) -> FieldHistory:
        """Who set a field, or every field; `every` asks for all changes of it. Asks again until all is known; `next` is
        set where even then there is more."""
        found = self._field_page(address, field, every, None)
        for _ in range(_MOST_PAGES):
            if found.next is None or (not every and found.is_settled):
                break
            found = joined(found, self._field_page(found.next_address or address, field, every, found.next))
        return found

    def _field_page(self, address: str, field: str | None, every: bool, before: int | None) -> FieldHistory:
        query = {"address": address, "limit": str(_AT_ONCE)}
        query |= {} if field is None else {"field": field}
        query |= {"all": "true"} if every else {}
        query |= {} if before is None else {"before": str(before)}
        return self._call(FieldHistory, "GET", self._path("blame"), query=query)
