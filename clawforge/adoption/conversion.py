"""An org of the public ClawForge as resources, with a word about everything that could not be said in them."""

from __future__ import annotations

import datetime as dt
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from clawforge.adoption.names import slug
from clawforge.adoption.public_documents import PublicExport
from clawforge.errors import InputError
from clawforge.load.resource import parse_resource
from clawforge.resource.meta import API_VERSION, Resource

_LONGEST_TEXT = 4096
_MOST_REMARKS = 100_000

Value = TypeVar("Value")


class Fate(StrEnum):
    """What became of something: it means something else here, it is left out, or it needs somebody's hand."""

    CHANGED = "changed"
    DROPPED = "dropped"
    TODO = "todo"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that is not as it was. `where` names it in the words of the public server."""

    fate: Fate
    where: str
    message: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """The org's name here, its resources, and what is to be known about them. `unsaid` counts remarks beyond the
    bound."""

    org: str
    resources: tuple[Resource, ...]
    remarks: tuple[Remark, ...]
    unsaid: int = 0


class Report:
    """Collects remarks, and resources that are checked as they come."""

    def __init__(self) -> None:
        self.resources: list[Resource] = []
        self.remarks: list[Remark] = []
        self.unsaid = 0

    def say(self, fate: Fate, where: str, message: str) -> None:
        """One remark; beyond a bound they are only counted."""
        if len(self.remarks) < _MOST_REMARKS:
            self.remarks.append(Remark(fate, where, message))
        else:
            self.unsaid += 1

    def add(self, kind: str, name: str, spec: dict[str, Any], where: str) -> bool:
        """Make a resource; one that no file could declare is left out, with a remark."""
        body: dict[str, Any] = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
        made = parse_resource(body)
        if isinstance(made, list):
            self.say(Fate.DROPPED, where, f"It cannot be written as a {kind}: {made[0].pointer} {made[0].message}")
            return False
        if _has_control_characters(spec):
            self.say(Fate.DROPPED, where, "It holds control characters, which no file can say.")
            return False
        self.resources.append(made)
        return True

    def text(self, text: str, where: str) -> str:
        """Free text without control characters and within its bound; a remark if anything had to go."""
        kept = "".join(one for one in text if one in "\n\t" or unicodedata.category(one) not in {"Cc", "Cs"})
        kept = kept[:_LONGEST_TEXT]
        if kept != text:
            self.say(Fate.CHANGED, where, "Control characters, or what is longer than 4,096 characters, were cut out.")
        return kept

    def unknown(self, where: str, fields: Any) -> None:
        """Fields that the recorded protocol does not have."""
        for name in sorted(fields)[:50]:
            self.say(Fate.DROPPED, where, f"The field {name!r} is not known here, so it is not carried over.")


def convert(export: PublicExport, *, org: str | None, now: dt.datetime) -> Conversion:
    """The resources of an org. `org` is its name here; left out, the one there decides.

    Raises InputError where neither gives a name.
    """
    from clawforge.adoption.convert_access import convert_keys, convert_users
    from clawforge.adoption.convert_policy import convert_policy
    from clawforge.adoption.convert_skills import convert_skills

    report = Report()
    name = org or slug(export.organization.organization.name)
    if not name:
        raise InputError("The org there has no name that could be one here.", hint="Pass one: --org acme.")
    _organization(export, name, report)
    people = convert_users(export, report)
    convert_policy(export, report)
    convert_skills(export, people, report)
    convert_keys(export, now, report)
    _left_behind(export, report)
    resources = tuple(sorted(report.resources, key=lambda item: item.address))
    return Conversion(name, resources, tuple(report.remarks), report.unsaid)


def _organization(export: PublicExport, name: str, report: Report) -> None:
    found = export.organization.organization
    spec: dict[str, Any] = {"displayName": report.text(found.name, "organization.name")}
    sso = found.sso_config
    if sso is not None:
        report.unknown("organization.ssoConfig", sso.unknown)
        if sso.issuer_url and sso.issuer_url.startswith("https://") and sso.client_id:
            spec["sso"] = {"issuer": sso.issuer_url, "clientId": sso.client_id}
            spec["sso"] |= {"audience": sso.audience} if sso.audience else {}
            message = "The provider must know this control plane's address too; see the how-to page about signing in."
            report.say(Fate.TODO, "organization.ssoConfig", message)
        else:
            message = "Single sign-on needs an https issuer and a client id: set spec.sso of the Organization by hand."
            report.say(Fate.DROPPED, "organization.ssoConfig", message)
    days = (export.settings.settings if export.settings else {}).get("auditRetentionDays")
    if isinstance(days, int) and not isinstance(days, bool) and 0 < days <= 3650:
        spec["retention"] = {"default": f"{days}d"}
    report.unknown("organization", found.unknown)
    if not report.add("Organization", name, spec, "organization"):
        report.add("Organization", name, {}, "organization")


def _left_behind(export: PublicExport, report: Report) -> None:
    """What no file says: counters, secrets, machines; and what was not answered at all."""
    for where, message in _remainders(export):
        report.say(Fate.DROPPED, where, message)
    if export.heartbeat is not None and export.heartbeat.clients:
        count = len(export.heartbeat.clients)
        message = f"{_counted(count, 'client')} reported there. Each machine enrols anew, or points its plugin here."
        report.say(Fate.TODO, "heartbeat", message)
    if export.organization.organization.sso_config is None and export.users.users:
        message = "Passwords are not carried over: set up single sign-on, or spec.passwords and `clawforge password`."
        report.say(Fate.TODO, "users", message)
    report.unknown("export", export.unknown)
    message = "Ids, dates, counters, passwords and the audit log stay on the old server."
    report.say(Fate.DROPPED, "everything", message)


def _remainders(export: PublicExport) -> Iterator[tuple[str, str]]:
    if export.enrollment_tokens is not None and export.enrollment_tokens.tokens:
        count = len(export.enrollment_tokens.tokens)
        yield "enrollmentTokens", f"{_counted(count, 'enrolment token')} cannot be used here; mint new ones."
    for setting in sorted(export.settings.settings if export.settings else ()):
        if setting != "auditRetentionDays":
            yield "settings", f"The setting {setting!r} has no counterpart."
    parts: tuple[tuple[str, object], ...] = (
        ("policy", export.policy),
        ("approved", export.approved),
        ("apiKeys", export.api_keys),
    )
    for where, part in parts:
        if part is None:
            yield where, "It was not there, or not shown to this token, so nothing of it was carried over."


def _has_control_characters(value: Any) -> bool:
    if isinstance(value, str):
        return any(unicodedata.category(one) == "Cc" and one not in "\n\t" for one in value)
    if isinstance(value, dict):
        return any(map(_has_control_characters, value.values()))
    return isinstance(value, list) and any(map(_has_control_characters, value))


def _counted(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"


def named_by_id(items: tuple[Value, ...], key: Callable[[Value], str]) -> dict[str, Value]:
    """The items by what identifies them; of several the first."""
    found: dict[str, Value] = {}
    for item in items:
        found.setdefault(key(item), item)
    return found
