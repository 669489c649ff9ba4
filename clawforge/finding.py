"""What the checks say about resources: a finding knows the resource and the field, but no file.

The server runs the same checks on posted resources; the command line adds the place in the files.
"""

from __future__ import annotations

from dataclasses import dataclass

from clawforge.diagnostic import Severity


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem: a stable kebab-case code, the resource's address, and the JSON pointer of the field in its canonical
    form (an index counts in the sorted list). `related` names the other resources that take part, by address.
    """

    code: str
    address: str
    pointer: str
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR
    related: tuple[str, ...] = ()

    @property
    def sort_key(self) -> tuple[str, str, str, str]:
        """An order that does not depend on the order of the resources."""
        return (self.address, self.pointer, self.code, self.message)
