"""People, their roles, and keys of programs: from the public ClawForge to resources."""

from __future__ import annotations

import datetime as dt
import ipaddress
from collections.abc import Mapping

from clawforge.adoption.conversion import Fate, Report
from clawforge.adoption.names import NewNames
from clawforge.adoption.public_documents import ApiKey, PublicExport, PublicUser

_ROLES = {"admin": "admin", "viewer": "auditor", "user": None}
"""Roles there -> built-in roles here. `owner` is given to nobody by a program: see the decision page."""


def convert_users(export: PublicExport, report: Report) -> Mapping[str, str]:
    """Users and bindings. Answers the name here of each id there."""
    names, people = NewNames(), {}
    held: dict[str, list[str]] = {}
    emails: dict[str, str] = {}
    for user in export.users.users:
        where = f"users/{user.email}"
        report.unknown(where, user.unknown)
        email = user.email.lower()
        if email in emails:
            report.say(Fate.DROPPED, where, f"{emails[email]} has this e-mail address already.")
            people[user.id] = emails[email]
            continue
        name = _named(user, names, report, where)
        spec = {"email": user.email} | ({"displayName": report.text(user.name, where)} if user.name else {})
        if not report.add("User", name, spec, where):
            continue
        emails[email] = people[user.id] = name
        _note_role(user.role, where, report)
        role = _ROLES.get(user.role)
        if role is not None:
            held.setdefault(role, []).append(name)
    for role, holders in sorted(held.items()):
        report.add("RoleBinding", f"{role}s", {"role": role, "subjects": {"users": holders}}, "users")
    if "admin" in held:
        message = (
            "Admins hold the role `admin`, which may plan, approve and apply. Nobody holds `owner`, which may do "
            "everything: bind it to whom you trust, while the owner's first token is at hand."
        )
        report.say(Fate.CHANGED, "users.role", message)
    return people


def _named(user: PublicUser, names: NewNames, report: Report, where: str) -> str:
    local = user.email.partition("@")[0]
    name = names.name(local, "user")
    first = NewNames().name(local, "user")
    if name != first:
        report.say(Fate.CHANGED, where, f"The name {first!r} is taken, so this user is called {name!r}.")
    return name


def _note_role(role: str, where: str, report: Report) -> None:
    if role not in _ROLES:
        report.say(Fate.DROPPED, where, f"The role {role!r} is not known here, so it gives no rights.")


def convert_keys(export: PublicExport, now: dt.datetime, report: Report) -> None:
    """Service accounts with the same expiry and networks; keys themselves are made anew."""
    names = NewNames()
    held: dict[str, list[str]] = {}
    for key in export.api_keys.api_keys if export.api_keys else ():
        where = f"apiKeys/{key.name}"
        report.unknown(where, key.unknown)
        expires = _moment(key.expires_at)
        if key.expires_at is not None and (expires is None or expires <= now):
            report.say(Fate.DROPPED, where, "The key has expired, or its end cannot be read.")
            continue
        networks = _networks(key, report, where)
        if networks is None:
            continue
        name = names.name(key.name, "key")
        spec: dict[str, object] = {"description": f"Had the API key {report.text(key.name, where)[:200]!r}."}
        spec |= {"expires": key.expires_at} if expires is not None else {}
        spec |= {"networks": networks} if networks else {}
        if not report.add("ServiceAccount", name, spec, where):
            continue
        _note_role(key.role, where, report)
        role = _ROLES.get(key.role)
        if role is not None:
            held.setdefault(role, []).append(name)
        report.say(Fate.TODO, where, f"The key does not work here: `clawforge token` makes one for {name}.")
    for role, holders in sorted(held.items()):
        report.add("RoleBinding", f"{role}-keys", {"role": role, "subjects": {"serviceAccounts": holders}}, "apiKeys")


def _networks(key: ApiKey, report: Report, where: str) -> list[str] | None:
    """The networks that the key may be used from; None for a list of which nothing can be read: an empty one would
    mean every network."""
    found = []
    for text in key.ip_allowlist or ():
        try:
            found.append(str(ipaddress.ip_network(text.strip(), strict=False)))
        except ValueError:
            report.say(Fate.DROPPED, where, f"{text!r} of its allow list is no network.")
    if key.ip_allowlist and not found:
        report.say(Fate.DROPPED, where, "Nothing of its allow list can be read, so the key is left out altogether.")
        return None
    return sorted(set(found))


def _moment(text: str | None) -> dt.datetime | None:
    try:
        moment = None if text is None else dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
