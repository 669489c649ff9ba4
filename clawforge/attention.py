"""What of an org's status needs a person."""

from __future__ import annotations

from collections.abc import Iterator

from clawforge.reconcile.standing import Standing, decisive_condition, standing_of
from clawforge.resource.meta import Strict
from clawforge.wire_reconcile import ReconcilerView
from clawforge.wire_status import OrgStatus

_KILL: str = "kill"


class Concern(Strict):
    """Something that will not become right by itself: words about it, and the command that tells more."""

    code: str
    words: str
    command: str


def concerns(status: OrgStatus) -> tuple[Concern, ...]:
    """What somebody should look at, the most urgent first; nothing at all means that the org is fine.

    A machine that is offline or behind is no concern: it fetches its policy when it is back.
    """
    return tuple(_concerns(status))


def _concerns(status: OrgStatus) -> Iterator[Concern]:
    fleet, versions = status.fleet, status.versions
    kills = [item for item in status.overlays or () if item.kind == _KILL]
    if kills:
        words = f"{_are(len(kills), 'kill switch', 'kill switches')} on, {kills[0].scope}"
        yield Concern(code="kill-on", words=words, command="clawforge kill status")
    if fleet.quarantined:
        words = f"{_are(fleet.quarantined, 'machine')} in quarantine"
        yield Concern(code="quarantine", words=words, command="clawforge fleet list --state quarantined")
    if status.violations:
        times = "once" if len(status.violations) == 1 else f"{len(status.violations):,} times"
        words = f"an invariant was violated {times} within the last day"
        yield Concern(code="violation", words=words, command="clawforge audit tail --action invariants:violation")
    if versions.blocked:
        words = f"{_are(versions.blocked, 'machine')} blocked for the versions they run"
        yield Concern(code="versions-blocked", words=words, command="clawforge versions report")
    if fleet.crashing:
        words = f"{_are(fleet.crashing, 'machine')} in a crash loop"
        yield Concern(code="crash-loop", words=words, command="clawforge fleet list --select crashing=yes")
    for reconciler in status.reconcilers or ():
        yield from _of_reconciler(reconciler)
    if fleet.pending:
        words = f"{_wait(fleet.pending, 'machine')} to be let in"
        yield Concern(code="machine-waits", words=words, command="clawforge fleet list --state pending")
    if status.plans:
        words = f"{_wait(len(status.plans), 'plan')} for an approval"
        yield Concern(code="plan-waits", words=words, command=f"clawforge show {status.plans[0].id}")
    if status.skills:
        words = f"{_wait(status.skills, 'skill')} for a review"
        yield Concern(code="skill-waits", words=words, command="clawforge skill review")


def _of_reconciler(view: ReconcilerView) -> Iterator[Concern]:
    """One that tries again by itself is no concern."""
    command, name = "clawforge reconcilers list", f"the reconciler {view.name}"
    standing = standing_of(view)
    if standing is Standing.SUSPENDED:
        yield Concern(code="reconciler-suspended", words=f"{name} is suspended", command=command)
    elif standing is Standing.GONE:
        yield Concern(code="reconciler-gone", words=f"no process runs {name}", command=command)
    elif standing is Standing.STALLED:
        why = decisive_condition(view)
        reason = "" if why is None else f": {why.reason}"
        yield Concern(code="reconciler-stalled", words=f"{name} is stalled{reason}", command=command)


def _are(count: int, noun: str, plural: str | None = None) -> str:
    return f"1 {noun} is" if count == 1 else f"{count:,} {plural or f'{noun}s'} are"


def _wait(count: int, noun: str) -> str:
    return f"1 {noun} waits" if count == 1 else f"{count:,} {noun}s wait"
