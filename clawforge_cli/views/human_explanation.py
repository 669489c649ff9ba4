"""An explanation for people: who, what matched and why, which base, and each value step by step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from clawforge.analysis.derivation import FieldDerivation, PartDerivation, Step
from clawforge.analysis.explanation import Explanation
from clawforge.analysis.matching import Hit
from clawforge.analysis.standing import Belonging
from clawforge.effective import Source
from clawforge.resource.merge import MergeRule
from clawforge.resource.meta import format_instant
from clawforge_cli.views.human_decision import show_decision
from clawforge_cli.views.terminal import Printer, safe

_MOST_SHOWN = 12
"""Members of a list, and places, that a line names."""


def show_explanation(found: Explanation, printer: Printer, *, everything: bool = False) -> None:
    """The whole derivation. What does not match is shown if it was asked for; `everything` adds what nobody says, what
    holds for elevated calls, and all members of long lists."""
    _show_subject(found, printer)
    _show_matches(found, printer)
    enforced, *others = found.parts
    _show_bases(enforced, printer)
    most = None if everything else _MOST_SHOWN
    _show_fields("enforced", [field for field in enforced.fields if everything or _spoken(field)], printer, most)
    for part in others:
        if part.part == "shadow":
            _show_fields("if what is on trial were enforced", _differing(enforced, part), printer, most)
        elif everything:
            _show_fields("even for an elevated call", [field for field in part.fields if _spoken(field)], printer, most)
    if found.decision is not None:
        printer.line()
        show_decision(found.decision, printer)


def _show_subject(found: Explanation, printer: Printer) -> None:
    subject, standing = found.subject, found.standing
    where = "".join(
        f" {word} {safe(value)}"
        for word, value in (("on", subject.instance), ("through", subject.agent), ("in", subject.context))
        if value
    )
    revision = "" if found.revision is None else f", revision {found.revision}"
    printer.line(("bold", safe(standing.user)), f"{where}, {format_instant(found.at.replace(microsecond=0))}{revision}")
    if standing.source is None:
        printer.line("  is not declared")
    else:
        suspended = ", suspended" if standing.suspended else ""
        printer.line(f"  is declared{suspended}", ("dim", _where([standing.source])))
    for tag, value in sorted(subject.tags.items()):
        printer.line(f"  tag {safe(tag)}={safe(value)}")
    for what, belongings in (("group", standing.groups), ("role", standing.roles)):
        for item in belongings:
            printer.line(f"  {what} {safe(item.name)}: {_through(item)}", ("dim", _where(item.places)))
    for alert in found.alerts:
        printer.line(("yellow", "alert"), f"[{alert.code}]: {safe(alert.message)}")


def _through(item: Belonging) -> str:
    if item.key == "enrolment":
        return "given at enrolment"
    resource = item.places[0].resource if item.places else ""
    return f"{item.key} {safe(item.value)} of {safe(resource)}"


def _show_matches(found: Explanation, printer: Printer) -> None:
    printer.line()
    printer.line(("bold", "matches:" if found.hits else "nothing matches"))
    for hit in found.hits:
        places = [place for key in hit.keys for place in key.places]
        printer.line(f"  {safe(hit.address)}  {_nature(hit)}, {_keys(hit)}", ("dim", _where(places or [hit.source])))
    if found.misses:
        printer.line(("bold", "does not match:"))
    for miss in found.misses or ():
        printer.line(f"  {safe(miss.address)}  {safe(miss.message)}", ("dim", _where([miss.source])))


def _nature(hit: Hit) -> str:
    if hit.mode is None:
        return "adds to what applies"
    return hit.mode if hit.enforcement == "enforce" else f"{hit.mode} on trial ({hit.enforcement})"


def _keys(hit: Hit) -> str:
    return " and ".join(
        f"{safe(key.key)} {', '.join(map(safe, key.values))}" if key.values else key.key for key in hit.keys
    )


def _show_bases(part: PartDerivation, printer: Printer) -> None:
    printer.line()
    if not part.bases:
        printer.line(("bold", "base:"), " none matches, so nothing is allowed")
    for item in part.contenders:
        word = ("bold", "base:") if item.won else "  not"
        printer.line(word, f" {safe(item.address)}: {safe(item.verdict)}", ("dim", _where([item.source])))


def _differing(enforced: PartDerivation, trial: PartDerivation) -> list[FieldDerivation]:
    values = {field.path: field.value for field in enforced.fields}
    return [field for field in trial.fields if field.value != values[field.path]]


def _show_fields(title: str, fields: Sequence[FieldDerivation], printer: Printer, most: int | None) -> None:
    if not fields:
        return
    printer.line()
    printer.line(("bold", f"{title}:"))
    for field in fields:
        printer.line(("bold", f"  {field.path}"), f" = {_value(field.value, most)}", ("dim", f"  [{field.rule}]"))
        before: Any = None
        for number, step in enumerate(field.steps):
            speaker = safe(step.speaker) or ("built in" if step.standing == "default" else "without a base")
            text = _effect(field.rule, step, before, most, first=number == 0)
            printer.line(f"    {step.standing:<9} {speaker}: {text}", ("dim", _where(step.places)))
            before = step.value


def _spoken(field: FieldDerivation) -> bool:
    """Whether anybody says something, beyond what is built in."""
    return any(step.speaker or step.standing != "default" for step in field.steps)


def _effect(rule: str, step: Step, before: Any, most: int | None, *, first: bool) -> str:
    """What a step does, in words: the first one gives a value, the others narrow it."""
    if step.said is None and step.standing != "base":
        return "its mode judges by a list and has none, so nothing passes by itself"
    if first:
        return _value(step.value, most)
    if rule == MergeRule.MOST_SPECIFIC and step.changed:
        return f"replaces it with {_value(step.value, most)}"
    if not step.changed:
        return f"{_value(step.said, most)}, which changes nothing"
    if not isinstance(step.value, list) or not isinstance(before, list):
        return f"narrows to {_value(step.value, most)}"
    added = [item for item in step.value if item not in before]
    gone = [item for item in before if item not in step.value]
    if added and not gone:
        return f"adds {_value(added, most)}"
    return f"removes {_value(gone, most)}" if gone and not added else f"narrows to {_value(step.value, most)}"


def _value(value: Any, most: int | None) -> str:
    """A value in one line; of a long list the first members."""
    if value is None:
        return "anything"
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, list):
        return safe(value) or "nothing"
    if value and all(isinstance(item, list) for item in value):
        return " and ".join(f"[{_value(item, most)}]" for item in value)
    shown = value[:most]
    more = f" and {len(value) - len(shown)} more" if len(value) > len(shown) else ""
    return ", ".join(map(safe, shown)) + more if value else "nothing"


def _where(places: Iterable[Source]) -> str:
    """`  (policies/eng.yaml:4, groups.yaml:7)`; empty where no place is known."""
    known = dict.fromkeys(safe(place.location) for place in places if place.location is not None)
    shown = ", ".join(list(known)[:_MOST_SHOWN])
    return f"  ({shown})" if shown else ""
