"""Reasons with the resource and line that they come from."""

from __future__ import annotations

from clawforge.decide.request import Reason, ReasonPosition
from clawforge.effective import Provenance, Source, SourceKey
from clawforge.resource.policy_test import Effect


class Blame:
    """Looks up who decided a value of one part of the effective policy (`enforced`, `shadow`, `floor`, `dlp`
    ...)."""

    __slots__ = ("_part", "_provenance")

    def __init__(self, provenance: Provenance, part: str) -> None:
        self._provenance = provenance
        self._part = part

    def sources(self, path: str, member: str = "") -> tuple[Source, ...]:
        """The places that decided a value, most important first; those of the whole list if the member has
        none."""
        found = self._provenance.get(str(SourceKey(self._part, path, member)), ())
        return found or (self._provenance.get(str(SourceKey(self._part, path)), ()) if member else ())

    def reason(
        self,
        code: str,
        effect: Effect,
        message: str,
        path: str,
        member: str = "",
        *,
        resource: str | None = None,
    ) -> Reason:
        """A reason that names the most important place, and the other resources in its sentence.

        `resource` is named where no place is known.
        """
        sources = self.sources(path, member)
        if not sources:
            return Reason(code=code, effect=effect, message=message, resource=resource)
        first = sources[0]
        others = sorted({source.resource for source in sources} - {first.resource})
        if others:
            message = f"{message} Set by {first.resource} and {', '.join(others)}."
        return Reason(
            code=code,
            effect=effect,
            message=message,
            resource=first.resource,
            path=first.pointer or None,
            position=ReasonPosition(file=first.file, line=first.line or 0) if first.file else None,
        )
