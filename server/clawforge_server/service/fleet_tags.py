"""Tags of machines, given and taken by hand: they say which policies a machine gets, so this is a change of policy."""

from __future__ import annotations

import dataclasses

from clawforge.access.rights import Target
from clawforge.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from clawforge.wire_bulk import BulkAnswer, BulkResult, BulkTags
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.audit_trail import Origin, done, record_refusal
from clawforge_server.service.bulk import active_instance, failed
from clawforge_server.service.credentials import require_present, require_standing
from clawforge_server.service.enrollment_terms import find_template
from clawforge_server.service.instances import require_foreign
from clawforge_server.service.invariant_watch import Occasion, hold
from clawforge_server.state.bundle_cache import subject_of
from clawforge_server.state.org_state import OrgState, in_quarantine
from clawforge_server.store.port import Transaction
from clawforge_server.store.records import InstanceRecord

TAG = "instances:tag"
MOST_TAGS = 64


def tag_instances(
    plane: ControlPlane, who: Principal, org: str, request: BulkTags, *, origin: Origin | None = None
) -> BulkAnswer:
    """Every machine gets its tags, and with them its policies, or stays as it is; all in one transaction.

    Refused machine by machine: the caller's own (`own-instance`), one that would come into a group whose bindings hold
    more than the caller does (`grant-exceeds-grantor`), a tag that the template in git gives (`kept-in-git`, with file
    and line), and more tags than a machine may carry. Raises NotFoundError for an unknown org, UnavailableError when
    the org changed at this moment.
    """
    now = plane.clock.now()
    occasion = Occasion(who.actor, now, origin)
    with plane.states.changing(org):
        state = plane.states.get(org)
        with plane.store.transaction() as transaction:
            require_present(transaction, state)
            require_standing(transaction, state, who, now)
            results: list[BulkResult] = []
            moved: list[InstanceRecord] = []
            for name in dict.fromkeys(request.instances):
                try:
                    before, after = _judged(transaction, state, who, name, request)
                except (ConflictError, ForbiddenError, InputError, NotFoundError) as error:
                    results.append(failed(name, error))
                    continue
                results.append(BulkResult(instance=name, outcome="done"))
                if before.tags != after.tags:
                    _write(transaction, state, before, after, occasion, request.reason)
                    moved.append(after)
            changed = _changed(transaction, state, moved, occasion) if moved else None
            # Before it is published: nobody may be served an old machine's policy under the new serial.
            plane.instances.forget(item.sha256 for item in moved)
        if changed is not None:
            plane.states.publish(changed)
    _note_refusals(plane, who, org, results, origin)
    plane.version_looks.newcomer(org)
    return BulkAnswer(results=tuple(results))


def _write(
    transaction: Transaction,
    state: OrgState,
    before: InstanceRecord,
    after: InstanceRecord,
    occasion: Occasion,
    reason: str | None,
) -> None:
    transaction.instances.set_tags(state.name, after.name, after.tags)
    entry = done(
        occasion.at,
        occasion.actor,
        TAG,
        origin=occasion.origin,
        revision=state.state.revision,
        target=f"instance/{after.name}",
        before={"tags": dict(before.tags)},
        after={"tags": dict(after.tags)},
        instance=after.name,
        user=after.user,
        reason=reason,
    )
    transaction.audit.append(state.name, entry)


def _judged(
    transaction: Transaction, state: OrgState, who: Principal, name: str, request: BulkTags
) -> tuple[InstanceRecord, InstanceRecord]:
    """The machine as it is, and as it will be. Raises one of the refusals."""
    before = active_instance(transaction, state, who, name, TAG)
    # Tags reach policies of the whole org, so a right over a part of it is not enough.
    who.require(TAG)
    require_foreign(who, before)
    kept = {key: value for key, value in before.tags.items() if key not in request.remove}
    tags = {**kept, **request.set}
    if len(tags) > MOST_TAGS:
        raise InputError(f"A machine carries {MOST_TAGS} tags at most.", code="too-many-tags")
    changed = {key for key in {*before.tags, *tags} if before.tags.get(key) != tags.get(key)}
    _refuse_declared(transaction, state, before, changed)
    after = dataclasses.replace(before, tags=tags)
    _require_reach(state, who, before, after)
    return before, after


def _refuse_declared(transaction: Transaction, state: OrgState, instance: InstanceRecord, changed: set[str]) -> None:
    """What the template says by which the machine joined is changed in the files."""
    enrollment = transaction.enrollments.get(state.name, instance.enrollment)
    template = None if enrollment is None or enrollment.template is None else find_template(state, enrollment.template)
    declared = sorted(changed & set(template.spec.tags)) if template is not None else []
    if template is None or not declared:
        return
    address = f"Enrollment/{template.metadata.name}"
    position = state.positions.get(address)
    where = "" if position is None else f": {position.file}:{position.line_of(f'/spec/tags/{declared[0]}')}"
    raise ConflictError(
        f"The tag {declared[0]!r} of this machine is kept in git, in {address}{where}.",
        hint="Change it there, apply, and enrol the machine again.",
        code="kept-in-git",
    )


def _require_reach(state: OrgState, who: Principal, before: InstanceRecord, after: InstanceRecord) -> None:
    """Nobody gives a machine a group that carries rights which they do not hold, as when a machine enrols."""
    brought = _groups(state, after) - _groups(state, before)
    who.require(TAG, *(Target(groups=frozenset((group,))) for group in sorted(brought)))
    missing = who.rights.beyond(state.access.rights_of_groups(brought))
    if missing:
        raise ForbiddenError(
            f"Nobody grants what they do not hold: {'; '.join(f'{right} through {right.via}' for right in missing)}.",
            hint="Leave the tag out, or ask somebody who holds these rights.",
            code="grant-exceeds-grantor",
        )


def _groups(state: OrgState, instance: InstanceRecord) -> frozenset[str]:
    return state.model.facts(subject_of(instance)).groups


def _changed(transaction: Transaction, state: OrgState, moved: list[InstanceRecord], occasion: Occasion) -> OrgState:
    """The org after it, under a new serial: the bundles of these machines differ. Who violates an invariant now is
    shut in."""
    held = hold(transaction, state, map(subject_of, moved), occasion)
    if held.record is None:
        raise LookupError("an org whose machines are tagged has counters")
    record = dataclasses.replace(held.record, serial=held.record.serial + 1)
    transaction.orgs.update(record)
    return held.with_quarantines(record, in_quarantine(transaction, state.name))


def _note_refusals(
    plane: ControlPlane, who: Principal, org: str, results: list[BulkResult], origin: Origin | None
) -> None:
    """Somebody who tries what they may not is in the log, by machine."""
    for item in results:
        if item.outcome == "failed" and item.code is not None:
            detail = {"instance": item.instance}
            record_refusal(plane.store, org, plane.clock.now(), who.actor, TAG, item.code, origin=origin, detail=detail)
