"""What the control plane or git answered becomes the error of a step: waiting where time may mend it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from clawforge.diagnostic import Diagnostic, Location
from clawforge.errors import ClawforgeError, ConflictError, StalePlanError, UnauthenticatedError, UnavailableError
from clawforge.reconcile.condition import ConditionType
from clawforge.reconcile.step_error import StepError
from clawforge_cli.client import RefusedError
from clawforge_cli.gitops.objects import NoObjectsError

if TYPE_CHECKING:
    from clawforge.wire import ProblemItem

LEASE_LOST = "lease-lost"
STALE = frozenset({"stale-plan", "plan-expired", "plan-mismatch"})
"""The plan has to be made again, and then it may do."""
_AWAITED = STALE | {"approval-missing", "frozen", LEASE_LOST, "lease-held"}


@contextmanager
def step(kind: ConditionType, path: str = "") -> Iterator[None]:
    """Within it every error of the library is one of that step. `path` is the project's folder in the repository."""
    try:
        yield
    except StepError:
        raise
    except NoObjectsError as error:
        raise StepError(kind, "objects-missing", f"The commit cannot be read: {error}.", waiting=True) from error
    except ClawforgeError as error:
        raise step_error(kind, error, path) from error


def step_error(kind: ConditionType, error: ClawforgeError, path: str = "") -> StepError:
    """The error of a step that an error of the control plane, or of git, amounts to."""
    waiting = bool(getattr(error, "waiting", False))
    retry_after = 0.0
    findings: list[Diagnostic] = []
    if isinstance(error, UnavailableError):
        waiting, retry_after = True, error.retry_after
    elif isinstance(error, UnauthenticatedError):
        # A credential is replaced where it is kept; the reconciler reads it anew each time.
        waiting = True
    elif isinstance(error, ConflictError):
        waiting = error.code in _AWAITED
    elif isinstance(error, RefusedError):
        findings = [_finding(item, path) for item in error.problems]
    blocked = isinstance(error, ConflictError) and not isinstance(error, StalePlanError) and error.code != LEASE_LOST
    return StepError(
        kind,
        error.code,
        error.message,
        hint=error.hint,
        waiting=waiting,
        retry_after=retry_after,
        findings=findings,
        blocked=blocked,
    )


def _finding(item: ProblemItem, path: str) -> Diagnostic:
    place = item.position
    location = (
        Location(item.address or path or ".")
        if place is None
        else Location(posixpath.join(path, place.file), place.line, place.col)
    )
    return Diagnostic(item.code, item.message, location, item.hint)
