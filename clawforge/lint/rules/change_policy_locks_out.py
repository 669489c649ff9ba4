"""A ChangePolicy after which nothing could be changed any more."""

from __future__ import annotations

from collections.abc import Iterable

from clawforge.access.model import AccessModel
from clawforge.access.permission import RUN_RECONCILER, VERIFY_COMMITS, VOUCH
from clawforge.diagnostic import Severity
from clawforge.federation import PROTECTED_REF
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.firing import cost_of_looking, may_never_shut, never_shuts
from clawforge.lint.rule import Rule
from clawforge.resource.change_policy import ChangePolicy
from clawforge.resource.targeting import Schedule, SpanWindow

_ID = "change-policy-locks-out"
_MOST_FIRINGS = 20_000
"""Firings that all freezes together are gone through."""


def _check(context: LintContext) -> Iterable[Finding]:
    left = _MOST_FIRINGS
    for policy in context.each(ChangePolicy):
        for index, freeze in enumerate(policy.spec.freeze):
            if freeze.overridable:
                continue
            covers = may_never_shut(freeze.schedule)
            left -= cost_of_looking(freeze.schedule) if covers else 0
            if _stays_open(freeze.schedule) or (covers and left >= 0 and never_shuts(freeze.schedule)):
                yield Finding(
                    _ID,
                    policy.address,
                    f"/spec/freeze/{index}/schedule",
                    "This freeze has no end, and nobody can override it: nothing could be applied, nor could it go.",
                    "Give its windows an end, or write `overridable: true`.",
                )
        if policy.spec.signed_commits and context.is_whole and not _somebody_vouches(context):
            yield Finding(
                _ID,
                policy.address,
                "/spec/signedCommits",
                "No service account can vouch for signed commits: nothing could be applied, not even its removal.",
                f'Declare a federated one with the permission {VOUCH}, and `{PROTECTED_REF}: "true"` among its claims; '
                f"or one for a reconciler, with {RUN_RECONCILER} and {VERIFY_COMMITS}.",
            )


def _stays_open(schedule: Schedule) -> bool:
    return any(isinstance(window, SpanWindow) and window.until is None for window in schedule.windows)


def _somebody_vouches(context: LintContext) -> bool:
    access = AccessModel.of(context.resources)
    for name, account in access.service_accounts.items():
        if context.now is not None and account.spec.expires is not None and context.now >= account.spec.expires:
            continue
        rights, trust = access.rights_of_service_account(name), account.spec.federated
        if rights.somewhere(RUN_RECONCILER) and rights.somewhere(VERIFY_COMMITS):
            return True
        if trust is not None and trust.claims.get(PROTECTED_REF) == "true" and rights.somewhere(VOUCH):
            return True
    return False


RULE = Rule(
    id=_ID,
    name="A ChangePolicy must leave a way to change it",
    severity=Severity.ERROR,
    what="Freezes of a ChangePolicy that have no end and cannot be overridden, and `signedCommits` where no service "
    "account could vouch for a signature.",
    why="The control plane obeys a ChangePolicy also when it is to be removed. One that refuses everything stays.",
    bad="""\
apiVersion: clawforge/v1
kind: ChangePolicy
metadata: {name: stillness}
spec:
  freeze:
    - schedule: {windows: [{from: 2026-12-20T00:00:00Z}]}
      reason: Nothing changes any more.
      overridable: false
""",
    good="""\
apiVersion: clawforge/v1
kind: ChangePolicy
metadata: {name: stillness}
spec:
  freeze:
    - schedule: {windows: [{from: 2026-12-20T00:00:00Z, until: 2027-01-03T00:00:00Z}]}
      reason: Nothing changes while nobody is here.
      overridable: false
""",
    check=_check,
)
