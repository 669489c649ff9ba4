"""The server with plans that are taken to be made for whatever state there is. The test of races must catch it."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

from clawforge.plan import Base
from clawforge_server.__main__ import main
from clawforge_server.service import applying

_reviewed_plan = applying._reviewed_plan


def _rebased(transaction: Any, request: applying.Apply) -> Any:
    plan = _reviewed_plan(transaction, request)
    record = transaction.orgs.get(request.org)
    if record is None:
        return plan
    object.__setattr__(request, "base", record.revision)
    base = Base(revision=record.revision, digest=record.state_digest)
    return dataclasses.replace(plan, document=plan.document.model_copy(update={"base": base}))


if __name__ == "__main__":
    applying._reviewed_plan = _rebased
    sys.exit(main())
