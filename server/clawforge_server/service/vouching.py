"""Who is an author of a plan, and what a trusted pipeline or a reconciler vouches for about its commit."""

from __future__ import annotations

import re
from collections.abc import Iterable

from clawforge.access.model import USER, AccessModel
from clawforge.access.permission import VERIFY_COMMITS, VOUCH
from clawforge.errors import ForbiddenError, InputError
from clawforge.federation import PROTECTED_REF
from clawforge.plan import Vouching
from clawforge.resource.service_account import ServiceAccount
from clawforge.wire import PlanRequest, Vouched
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.fencing import fenced
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.port import Transaction

_BRANCH = "refs/heads/"
_ADDRESS = re.compile(r"<([^<>]*)>\s*$")


def vouching(
    plane: ControlPlane, transaction: Transaction, who: Principal, state: OrgState, request: PlanRequest
) -> Vouching | None:
    """What the caller vouches for; None if they vouch for nothing. Merely to name authors is no vouching: it only says
    who may not approve.

    Raises ForbiddenError unless the caller is the pipeline of a federated service account with `plans:vouch`, signed in
    with an identity token, and the account trusts tokens of protected refs only; or a service account that holds the
    reconciler's lease with `commits:verify`, and names no approvers. InputError for a plan of no commit or no
    ref; a fence raises as `fenced`.
    """
    if request.fence is not None:
        fenced(plane, transaction, who, state.name, request.fence, request.source)
    said = request.vouched
    if said is None or not (said.approvers or said.signers):
        return None
    if said.ref is None:
        raise InputError(
            "Approvers and signers are vouched for on a ref, and none is named.",
            hint='Write the full name of the branch, as in "ref": "refs/heads/main".',
            code="no-ref",
        )
    if request.fence is not None:
        _require_reconciler(who, said)
    else:
        _require_pipeline(transaction, who, state, said.ref)
    if request.commit is None or request.dirty:
        raise InputError(
            "What is vouched for is a commit, and this plan is not exactly one.",
            hint="Plan from a clean checkout.",
            code="no-commit",
        )
    approvers, unknown = _users(state.access, said.approvers)
    signers, unknown_signers = _users(state.access, said.signers)
    return Vouching(
        by=who.actor,
        ref=said.ref,
        approvers=approvers,
        signers=signers,
        unknown=unknown,
        unknown_signers=unknown_signers,
        unknown_authors=_users(state.access, said.authors, shared=True)[1],
        approved_change=said.approved_change,
    )


def _require_reconciler(who: Principal, said: Vouched) -> None:
    """It checked the signatures itself, by keys that its own configuration names; of the reviews in the forge it knows
    nothing."""
    who.require(VERIFY_COMMITS)
    if who.kind != "service-account":
        raise ForbiddenError(
            "Only a service account vouches for who signed a commit: people would vouch for themselves.",
            hint="Run the reconciler with the key of a service account that holds commits:verify.",
            code="not-a-service-account",
        )
    if said.approvers:
        raise ForbiddenError(
            "A reconciler vouches for who signed a commit, and not for who approved it.",
            hint="Approve the plan here, or let a pipeline on a protected ref vouch for the reviews.",
            code="approvers-not-vouched",
        )


def _require_pipeline(transaction: Transaction, who: Principal, state: OrgState, ref: str) -> None:
    who.require(VOUCH)
    session = transaction.sessions.get(who.org, who.credential) if who.org is not None else None
    if who.kind != "service-account" or session is None or session.method != "federated":
        raise ForbiddenError(
            "Only a pipeline that signed in with its identity token vouches for a commit.",
            hint="Use `clawforge login --federated` in the pipeline; keys, people and other programs cannot vouch.",
            code="not-federated",
        )
    _require_protected(state.access.service_accounts.get(who.name), ref)


def authors_of(who: Principal, access: AccessModel, request: PlanRequest, vouched: Vouching | None) -> tuple[str, ...]:
    """Everybody who may not approve: whoever submits, the author of the commit, who signed its commits, and who wrote
    the change by the word of the forge."""
    found = {who.answerable, *(vouched.signers if vouched is not None else ())}
    if request.vouched is not None:
        said = request.vouched
        found.update(_users(access, (*said.authors, *said.author_addresses), shared=True)[0])
    match = _ADDRESS.search(request.commit_author or "")
    name = access.user_name(match[1].strip()) if match is not None else None
    if name is not None:
        found.add(f"{USER}{name}")
    return tuple(sorted(found))


def _require_protected(account: ServiceAccount | None, ref: str) -> None:
    """The claims that an account asks for were compared when the pipeline signed in; when they change, it is out."""
    trust = account.spec.federated if account is not None else None
    claims = trust.claims if trust is not None else {}
    if claims.get(PROTECTED_REF) != "true":
        raise ForbiddenError(
            "This service account also trusts pipelines on refs that are not protected, so it cannot vouch.",
            hint=f'Write `{PROTECTED_REF}: "true"` among the claims of its `federated`.',
            code="ref-not-protected",
        )
    if "ref" in claims and ref != _full_ref(claims["ref"], claims.get("ref_type")):
        raise ForbiddenError(
            "The ref that is vouched for is not the one that the service account trusts.",
            hint="Compare `claims.ref` of its `federated`. Where that is the bare name of a branch, as GitLab's tokens "
            "have it, write `ref_type: branch` beside it: a tag could have the same name.",
            code="ref-not-protected",
        )


def _full_ref(claim: str, kind: str | None) -> str | None:
    """The ref that identity tokens name: in full as those of GitHub, or without its kind as those of GitLab, which say
    beside it that it is a branch. None if it could be a tag as well."""
    if claim.startswith("refs/"):
        return claim
    return f"{_BRANCH}{claim}" if kind == "branch" else None


def _users(
    access: AccessModel, written: Iterable[str], *, shared: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Who of them is a user of the org, and who is not. An account that several users claim means nobody, or each of
    them if it may be `shared`."""
    known: set[str] = set()
    unknown: set[str] = set()
    for text in written:
        name = access.user_name(text)
        names = access.users_of_account(text) if name is None else (name,)
        if not names or (len(names) > 1 and not shared):
            unknown.add(text)
        else:
            known.update(f"{USER}{one}" for one in names)
    return tuple(sorted(known)), tuple(sorted(unknown))
