"""The call of the control plane about the versions that machines run."""

from __future__ import annotations

from collections.abc import Sequence

from clawforge.wire_versions import VersionReport
from clawforge_cli.identity_client import IdentityClient


class VersionClient(IdentityClient):
    """Calls one org of one control plane."""

    def versions(self, select: Sequence[str], plan: str | None, limit: int) -> VersionReport:
        """Counts of machines, and the first offenders; with a plan, those who would fall out of range."""
        query: dict[str, str | list[str]] = {"limit": str(limit), "select": list(select)}
        return self._call(
            VersionReport,
            "GET",
            self._path("versions"),
            query=query if plan is None else {**query, "plan": plan},
        )
