"""People and their machines, as the old console lists them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from clawforge.access.model import USER
from clawforge.access.rights import Target
from clawforge.legacy.console import ClientList, ClientSummary, ClientView, UserList, UserView
from clawforge.legacy.event import milliseconds_text
from clawforge.legacy.identifier import user_id
from clawforge.legacy.role import role_of
from clawforge_server.auth.principal import Principal
from clawforge_server.control_plane import ControlPlane
from clawforge_server.service.legacy.git_owned import GitOwnedError, refuse_write
from clawforge_server.state.org_state import OrgState
from clawforge_server.store.records import InstanceRecord

_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)
_ONLINE = dt.timedelta(minutes=2)
"""The plugin's heart beats twice a minute."""


def list_clients(plane: ControlPlane, org: str) -> ClientList:
    """Every active machine of the org, those heard of last first. Raises NotFoundError."""
    state, now = plane.states.get(org), plane.clock.now()
    plane.reports.flush()
    with plane.store.transaction() as transaction:
        found = transaction.instances.list(org)
    active = [item for item in found if item.state_at(now) == "active"]
    active.sort(key=lambda item: item.last_seen or _NEVER, reverse=True)
    clients = tuple(_client(state, item, now) for item in active)
    online = sum(item.status == "online" for item in clients)
    summary = ClientSummary(total=len(clients), online=online, offline=len(clients) - online)
    return ClientList(clients=clients, summary=summary)


def list_people(plane: ControlPlane, who: Principal, org: str) -> UserList:
    """The declared users whom the caller's right reaches. Raises NotFoundError."""
    state = plane.states.get(org)
    plane.reports.flush()
    with plane.store.transaction() as transaction:
        seen = _last_seen(
            [
                *((item.user, item.last_seen or item.enrolled_at) for item in transaction.instances.list(org)),
                *(
                    (item.holder.removeprefix(USER), item.refreshed_at or item.created_at)
                    for item in transaction.sessions.list(org)
                ),
            ]
        )
    created = _text(None if state.record is None else state.record.created_at) or ""
    users = []
    for name in sorted(state.access.users):
        if who.may("users:read", Target(groups=state.access.groups_of_user(name))):
            spec = state.access.users[name].spec
            users.append(
                UserView(
                    id=user_id(org, name),
                    email=spec.email,
                    name=spec.display_name or None,
                    role=role_of(state.access.rights_of_user(name)),
                    last_seen_at=_text(seen.get(name)),
                    created_at=created,
                )
            )
    return UserList(users=tuple(users))


def refuse_person(plane: ControlPlane, org: str, wanted: str | None) -> GitOwnedError:
    """The error for a write about a user, or about a new one. Raises NotFoundError."""
    state = plane.states.get(org)
    name = next((name for name in state.access.users if user_id(org, name) == wanted), None)
    if name is None:
        return refuse_write(state, "Who the users of this organization are", (f"Organization/{org}",))
    return refuse_write(state, f"The user {name}", (f"User/{name}",), "/spec")


def _client(state: OrgState, instance: InstanceRecord, now: dt.datetime) -> ClientView:
    user = state.access.users.get(instance.user)
    seen = instance.last_seen
    return ClientView(
        user_id=user_id(state.name, instance.user),
        email=None if user is None else user.spec.email,
        name=None if user is None else user.spec.display_name or None,
        role=role_of(state.access.rights_of_user(instance.user)) if user is not None else "user",
        last_heartbeat_at=_text(seen),
        client_version=instance.versions.get("plugin"),
        status="online" if seen is not None and now - seen < _ONLINE else "offline",
    )


def _last_seen(moments: Iterable[tuple[str, dt.datetime]]) -> dict[str, dt.datetime]:
    found: dict[str, dt.datetime] = {}
    for name, moment in moments:
        found[name] = max(moment, found.get(name, moment))
    return found


def _text(moment: dt.datetime | None) -> str | None:
    return None if moment is None else milliseconds_text(moment)
