"""Invariants that do not hold, as findings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence

from clawforge.analysis.invariants import Proof, prove_all
from clawforge.analysis.verdict import Answer
from clawforge.analysis.wording import proof_sentence
from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.resolve.org import OrgModel
from clawforge.resource.invariant import InvariantEnforcement
from clawforge.resource.meta import Resource

CODE = "invariant-violated"
_HINT = "Change the policies, or what the invariant demands."
_UNKNOWN_HINT = "Make the policies that it is about simpler, or set `enforcement: warn`."


def invariant_findings(
    resources: Sequence[Resource], since: dt.datetime, *, model: OrgModel | None = None
) -> Iterator[Finding]:
    """A finding for each invariant that somebody violates from a moment on, or of which that is not known: what cannot
    be proved is not taken to hold. `model` is that of the resources, where it was made already."""
    yield from findings_of(prove_all(resources, since, model=model))


def findings_of(proofs: Iterable[Proof]) -> Iterator[Finding]:
    """The findings of proofs that did not succeed."""
    for proof in proofs:
        if proof.holds is Answer.YES:
            continue
        spec = proof.invariant.spec
        severity = Severity.ERROR if spec.enforcement is InvariantEnforcement.ENFORCE else Severity.WARNING
        pointer = "/spec/forbid" if spec.forbid is not None else "/spec/require"
        hint = _HINT if proof.holds is Answer.NO else _UNKNOWN_HINT
        yield Finding(CODE, proof.invariant.address, pointer, proof_sentence(proof), hint, severity)
