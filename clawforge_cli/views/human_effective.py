"""An effective policy for people: every decided value, and the place that decided it."""

from __future__ import annotations

import textwrap
from typing import Any

from clawforge.effective import Rules, Source, SourceKey
from clawforge.resource.meta import format_instant
from clawforge.wire import EffectiveView
from clawforge_cli.views.terminal import Printer, safe

_WIDTH = 74


def show_effective(view: EffectiveView, printer: Printer) -> None:
    """Subject, base, then one line a value; built-in defaults are left out."""
    subject = view.subject
    where = "".join(
        f" {word} {safe(value)}"
        for word, value in (("on", subject.instance), ("through", subject.agent), ("in", subject.context))
        if value
    )
    printer.line(("bold", safe(subject.user)), f"{where}, {format_instant(view.at.replace(microsecond=0))}")
    printer.line(f"base: {safe(view.base or 'none, so nothing is allowed')}")
    printer.line(f"digest: {view.digest}")
    for alert in view.alerts:
        printer.line(("yellow", "alert"), f"[{alert.code}]: {safe(alert.message)}")
    _show_rules(view, view.effective.enforced, "enforced", printer)
    if view.effective.shadow is not None:
        printer.line()
        printer.line(("bold", "would be, if what is observed were enforced:"))
        _show_rules(view, view.effective.shadow, "shadow", printer, unlike=view.effective.enforced)
    _show_lists(view, printer)


def _show_rules(view: EffectiveView, rules: Rules, part: str, printer: Printer, *, unlike: Rules | None = None) -> None:
    """What is not a built-in default; with `unlike`, what differs from that."""
    body = rules.model_dump(mode="json", by_alias=True)
    empty = (unlike or Rules()).model_dump(mode="json", by_alias=True)
    for section, fields in body.items():
        if not isinstance(fields, dict):
            if fields != empty[section]:
                printer.line(f"{section}: {safe(fields)}", ("dim", _comment(_places(view, part, section))))
            continue
        shown = {name: value for name, value in fields.items() if value != empty[section][name]}
        if shown:
            printer.line(("bold", f"{section}:"))
        for name, value in shown.items():
            _show_field(view, part, f"{section}.{name}", name, value, printer)


def _show_field(view: EffectiveView, part: str, path: str, name: str, value: Any, printer: Printer) -> None:
    if not isinstance(value, list):
        shown = str(value).lower() if isinstance(value, bool) else safe(value)
        printer.line(f"  {name}: {shown}", ("dim", _comment(_places(view, part, path))))
        return
    if not value:
        printer.line(f"  {name}: nothing", ("dim", _comment(_places(view, part, path))))
        return
    printer.line(f"  {name}:")
    by_place: dict[str, list[str]] = {}
    for item in value:
        member = "" if isinstance(item, list) else str(item)
        text = (" | ".join(item) or "nothing") if isinstance(item, list) else member
        by_place.setdefault(_places(view, part, path, member), []).append(safe(text))
    for place, items in by_place.items():
        if place:
            printer.line(("dim", f"    # {place}"))
        for line in textwrap.wrap(", ".join(items), _WIDTH, break_long_words=False, break_on_hyphens=False):
            printer.line(f"    {line}")


def _show_lists(view: EffectiveView, printer: Printer) -> None:
    effective = view.effective
    if effective.dlp.rules:
        printer.line(("bold", "dlp:"))
    for rule in effective.dlp.rules:
        what = rule.detector or f"/{rule.pattern}/"
        printer.line(f"  - {safe(rule.resource)} {safe(rule.id)}: {safe(what)} -> {rule.action}")
    if effective.skills.approved or effective.skills.revoked:
        printer.line(("bold", "skill verdicts:"))
    for word, skills in (("approved", effective.skills.approved), ("revoked", effective.skills.revoked)):
        for skill in skills:
            version = f"@{skill.version}" if skill.version else ""
            printer.line(f"  - {word} {safe(skill.key + version)} ({safe(skill.resource)})")
    if effective.versions.targets:
        printer.line(("bold", "versions:"))
    for target in effective.versions.targets:
        wanted = safe(target.target.range or "any")
        printer.line(f"  - {target.component} {wanted}: {target.enforcement} ({safe(target.resource)})")


def _places(view: EffectiveView, part: str, path: str, member: str = "") -> str:
    """Who decided, and where: `Policy/default (policies/default.yaml:12), ...`; empty for a built-in default."""
    keys = (SourceKey(part, path, member), SourceKey(part, path))
    sources = next((found for key in keys if (found := view.provenance.get(str(key)))), ())
    return ", ".join(dict.fromkeys(_place(source) for source in sources))


def _comment(places: str) -> str:
    return f"  # {places}" if places else ""


def _place(source: Source) -> str:
    where = source.location
    return f"{safe(source.resource)} ({safe(where)})" if where else safe(source.resource)
