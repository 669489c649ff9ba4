"""How much one input file may ask of us before it is refused."""

from __future__ import annotations

from dataclasses import dataclass

_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file. What exceeds one is a diagnostic, and nothing past it is read.

    A real resource is below 4 KiB, 100 nodes and a depth of 10, so honest files stay far away from all of
    them; the worst file that is accepted costs about a second and 100 MiB. Aliases are refused, so text
    cannot grow.
    """

    max_bytes: int = 4 * _MIB
    """Size of the file as it is stored, in bytes."""

    max_depth: int = 32
    """Mappings and sequences inside one another; the document's own mapping is the first."""

    max_nodes: int = 200_000
    """Values in the file: scalars, mappings and sequences of all its documents. Keys are not counted."""

    max_documents: int = 20_000
    """Documents in the file, empty ones included."""

    max_scalar: int = _MIB
    """Length of one key or scalar, in Unicode code points."""

    max_problems: int = 100
    """Diagnostics about one file; a file with more is reported as such and its rest is not read."""


DEFAULT_LIMITS = Limits()
