"""The calls of the control plane that answer what somebody may do, why, and since when."""

from __future__ import annotations

import datetime as dt

from clawforge.analysis.access_history import AccessHistory
from clawforge.analysis.explanation import Explanation
from clawforge.resource.meta import format_instant
from clawforge.wire import Revision, StateAnswer
from clawforge.wire_asking import AccessHistoryRequest, Acknowledgement, AcknowledgementPage, ExplainRequest
from clawforge_cli.fleet_client import FleetClient

_REVISIONS_AT_ONCE = 500


class AskingClient(FleetClient):
    """Calls one org of one control plane."""

    def explain(self, request: ExplainRequest) -> Explanation:
        """How the effective policy of a subject came about."""
        return self._call(Explanation, "POST", self._path("explanation"), request)

    def state(self, revision: int | None = None) -> StateAnswer:
        """Every resource, now or at a revision."""
        query = {} if revision is None else {"revision": str(revision)}
        return self._call(StateAnswer, "GET", self._path("state"), query=query)

    def present_state(self) -> StateAnswer:
        """Every resource that is in force."""
        return self._call(StateAnswer, "GET", self._path("state"))

    def revision_at(self, moment: dt.datetime) -> Revision | None:
        """The revision that was the present one at a moment; None if there was none yet."""
        before: int | None = None
        while True:
            page = self.revisions(self.org, before=before, limit=_REVISIONS_AT_ONCE)
            found = next((item for item in page.revisions if item.created_at <= moment), None)
            if found is not None or page.next is None:
                return found
            before = page.next

    def acknowledged_at(self, instance: str, moment: dt.datetime) -> Acknowledgement | None:
        """What an instance had acknowledged at a moment; None if nothing is known."""
        query = {"until": format_instant(moment), "limit": "1"}
        path = self._path("instances", instance, "acknowledgements")
        page = self._call(AcknowledgementPage, "GET", path, query=query)
        return page.acknowledgements[0] if page.acknowledgements else None

    def access_history(self, request: AccessHistoryRequest) -> AccessHistory:
        """The revisions that changed an answer, as far back as one request goes."""
        return self._call(AccessHistory, "POST", self._path("access-history"), request)
