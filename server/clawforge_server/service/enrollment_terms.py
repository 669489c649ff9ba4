"""What an enrolment token gives: what was asked for, within the template that it is made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from clawforge.access.model import AccessModel
from clawforge.errors import InputError
from clawforge.resource.enrollment import LONGEST_LIFE, MANY_USES, Enrollment
from clawforge.resource.user import User
from clawforge.spelling import nearest
from clawforge.wire_enrollment import EnrollmentRequest
from clawforge_server.auth.principal import Principal
from clawforge_server.state.org_state import OrgState

_DEFAULT_TTL = 3_600


@dataclass(frozen=True, slots=True)
class Terms:
    """For whom a token is, what a machine gets with it, for how many seconds and how many machines."""

    user: User
    groups: tuple[str, ...]
    tags: Mapping[str, str]
    ttl: int
    uses: int
    require_approval: bool
    template: str | None


def terms_of(state: OrgState, who: Principal, request: EnrollmentRequest) -> Terms:
    """What the request amounts to.

    Raises InputError for a template, user or group that does not exist, a user who is not active, and
    (`beyond-template`) for a request that a template does not include.
    """
    if request.template is None:
        terms = _free(state, request)
    else:
        terms = _from_template(state, who, _template(state, request.template), request)
    if request.instance is not None and terms.uses != 1:
        raise InputError(
            "A token for a named instance can be used once only.",
            hint="Leave the instance out: the server then makes up a name for each.",
            code="invalid-request",
        )
    if terms.uses > MANY_USES and not terms.require_approval:
        raise InputError(
            f"A token for more than {MANY_USES} machines is not secret enough to let them all in.",
            hint="Ask for fewer uses, or for an approval of each machine.",
            code="approval-required",
        )
    return terms


def active_user(state: OrgState, name: str) -> User:
    """The declared user of this name or email. Raises InputError unless there is one, and active."""
    user = state.users.get(name) or state.users.get(name.lower())
    if user is None:
        guess = nearest(name, state.users)
        raise InputError(
            f"The org {state.name!r} has no user {name!r}.",
            hint=f"Did you mean {guess!r}?" if guess else "Declare the user and apply, then mint again.",
            code="unknown-user",
        )
    if user.metadata.name in state.access.suspended:
        raise InputError(
            f"The user {user.metadata.name!r} is suspended.",
            hint="Make the user active and apply, then mint again.",
            code="user-not-active",
        )
    return user


def find_template(state: OrgState, name: str) -> Enrollment | None:
    """The template as it is now."""
    found = state.resources.get(f"Enrollment/{name}")
    return found if isinstance(found, Enrollment) else None


def is_for(template: Enrollment, access: AccessModel, user: str) -> bool:
    """Whether a declared user's machines may join by the template."""
    spec = template.spec
    if not spec.users and not spec.members:
        return True
    listed = {access.user_name(name) for name in spec.users}
    return user in listed or not access.groups_of_user(user).isdisjoint(spec.members)


def _free(state: OrgState, request: EnrollmentRequest) -> Terms:
    if request.user is None:
        raise InputError(
            "A token is for a user.", hint="Name the user, or a template that is for one.", code="user-missing"
        )
    user = active_user(state, request.user)
    for group in request.groups:
        if group not in state.groups:
            guess = nearest(group, state.groups)
            raise InputError(
                f"The org {state.name!r} has no group {group!r}.",
                hint=f"Did you mean {guess!r}?" if guess else "Declare the group and apply, then mint again.",
                code="unknown-group",
            )
    return Terms(
        user=user,
        groups=tuple(sorted(set(request.groups))),
        tags=dict(request.tags),
        ttl=_DEFAULT_TTL if request.ttl is None else request.ttl,
        uses=1 if request.uses is None else request.uses,
        require_approval=request.require_approval,
        template=None,
    )


def _from_template(state: OrgState, who: Principal, template: Enrollment, request: EnrollmentRequest) -> Terms:
    name, spec = template.metadata.name, template.spec
    user = active_user(state, request.user or _usual_user(template, who))
    if not is_for(template, state.access, user.metadata.name):
        raise _beyond(name, f"is not for the user {user.metadata.name!r}", "Add the user, or a group that lists them")
    # Not even fewer: a group or tag that is left out may be the one that a guardrail is aimed at.
    if request.groups and set(request.groups) != set(spec.groups):
        raise _beyond(name, "gives other groups", "Leave the groups out")
    if request.tags and request.tags != spec.tags:
        raise _beyond(name, "gives other tags", "Leave the tags out")
    longest = min(spec.ttl, LONGEST_LIFE)
    if request.ttl is not None and request.ttl > longest:
        raise _beyond(name, f"gives tokens for {longest} seconds at most", "Ask for a shorter life")
    if request.uses is not None and request.uses > spec.max_uses:
        raise _beyond(name, f"gives tokens for {spec.max_uses} machines at most", "Ask for fewer uses")
    default_uses = spec.max_uses if request.instance is None else 1
    return Terms(
        user=user,
        groups=spec.groups,
        tags=dict(spec.tags),
        ttl=longest if request.ttl is None else request.ttl,
        uses=default_uses if request.uses is None else request.uses,
        require_approval=spec.require_approval or request.require_approval,
        template=name,
    )


def _usual_user(template: Enrollment, who: Principal) -> str:
    """The only one whom it is for, or the caller."""
    spec = template.spec
    if len(spec.users) == 1 and not spec.members:
        return spec.users[0]
    if who.kind == "user":
        return who.name
    raise InputError(
        f"The template {template.metadata.name!r} is for more than one user.",
        hint="Name the user whom the machine acts for.",
        code="user-missing",
    )


def _template(state: OrgState, name: str) -> Enrollment:
    found = find_template(state, name)
    if found is None:
        names = [address.partition("/")[2] for address in state.resources if address.startswith("Enrollment/")]
        guess = nearest(name, names)
        raise InputError(
            f"The org {state.name!r} has no Enrollment {name!r}.",
            hint=f"Did you mean {guess!r}?" if guess else "Declare it and apply, then mint again.",
            code="unknown-template",
        )
    return found


def _beyond(template: str, what: str, instead: str) -> InputError:
    return InputError(
        f"The template {template!r} {what}.",
        hint=f"{instead}, or change the template and apply.",
        code="beyond-template",
    )
