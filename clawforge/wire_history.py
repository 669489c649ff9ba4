"""The HTTP documents of looking and going back (SPEC.md 8)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from clawforge.resource.meta import Name, Strict
from clawforge.revision_name import REVISION_NAME


class RollbackRequest(Strict):
    """`POST .../rollbacks`: the plan that brings what a source owns back to a revision (`4`, `latest~1`)."""

    source: Name
    revision: Annotated[str, Field(pattern=REVISION_NAME)]
