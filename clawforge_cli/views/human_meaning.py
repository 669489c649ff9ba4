"""What a change means, for people: who gains and loses what, the verdict, and a witness for each direction."""

from __future__ import annotations

import datetime as dt

import orjson

from clawforge.meaning import AccessLine, Meaning, WitnessCall
from clawforge.resource.meta import format_instant
from clawforge_cli.views.terminal import Printer, safe

_MOST_SHOWN = 12
_MOST_WHAT = 6
_LONGEST_PARAMS = 200
VERDICT_WORDS = {
    "equal": "proved to change nothing for anybody.",
    "tighter": "somebody may do less, and nobody more.",
    "looser": "somebody may do more, and nobody less.",
    "mixed": "somebody may do more, and somebody less.",
}
"""What each verdict says, as the end of a sentence."""

_HALVES = {"yes": "Somebody may do", "no": "Nobody may do", "unknown": "Whether anybody may do"}


def show_meaning(meaning: Meaning, printer: Printer, *, detail: bool) -> None:
    """Lines of gains and losses, then the verdict with its proof. Prints nothing for a change of nothing."""
    lines = [(True, line) for line in meaning.gains] + [(False, line) for line in meaning.losses]
    if lines:
        printer.line(("bold", "Access:"), f" {_affected(meaning)}")
    shown = lines if detail else _first(lines)
    for gain, line in shown:
        _show_line(line, printer, gain=gain)
    hidden = len(lines) - len(shown) + meaning.omitted
    if hidden:
        printer.line(
            f"  ({hidden} more {'line' if hidden == 1 else 'lines'}{'' if detail else '; --detail shows them'})"
        )
    _show_verdict(meaning, printer)


def _first(lines: list[tuple[bool, AccessLine]]) -> list[tuple[bool, AccessLine]]:
    """The first gains and the first losses, which are those of most people."""
    gains, losses = ([item for item in lines if item[0] is gain] for gain in (True, False))
    room = max(_MOST_SHOWN // 2, _MOST_SHOWN - len(losses))
    kept = gains[:room]
    return kept + losses[: _MOST_SHOWN - len(kept)]


def _affected(meaning: Meaning) -> str:
    if meaning.affected is None:
        return ""
    users, instances = meaning.affected.users, meaning.affected.instances
    people = f"{users:,} {'person' if users == 1 else 'people'}"
    machines = f" and {instances:,} {'instance' if instances == 1 else 'instances'}" if instances else ""
    return f"{people}{machines} {'is' if users == 1 and not instances else 'are'} affected."


def _show_line(line: AccessLine, printer: Printer, *, gain: bool) -> None:
    mark = ("green", "+") if gain else ("red", "-")
    what, who = access_sentence(line)
    printer.paragraph(f"{what}  {who}", first=("  ", mark, " "), hang=6)
    if line.via:
        named = ", ".join(
            safe(via.address) + (f" ({safe(via.file)}:{via.line})" if via.file else "") for via in line.via[:3]
        )
        more = f" and {len(line.via) - 3} more" if len(line.via) > 3 else ""
        printer.paragraph(f"{named}{more}", first=("      via ",), hang=10)


def access_sentence(line: AccessLine) -> tuple[str, str]:
    """What is gained or lost, and who gains or loses it; harmless."""
    return _what(line), f"{_who(line)}{_when(line)}"


def _what(line: AccessLine) -> str:
    named = ", ".join(safe(item) for item in line.what[:_MOST_WHAT])
    more = f" and {len(line.what) - _MOST_WHAT} more" if len(line.what) > _MOST_WHAT else ""
    if line.kind in ("tool", "permission"):
        return f"{named}{more} ({safe(line.before)} -> {safe(line.after)})"
    if line.kind in ("command", "path", "host", "skill") and line.params:
        change = f"({safe(line.before)} -> {safe(line.after)})"
        return f"{named}{more}: some {line.kind}s {change}, such as {_params(line.params)}"
    return f"{line.kind} {named}{more} ({safe(line.before)} -> {safe(line.after)})"


def _who(line: AccessLine) -> str:
    count = line.users + line.instances
    named = ", ".join(safe(name) for name in line.names[:3])
    more = f" and {count - 3:,} more" if count > 3 else ""
    return f"{named}{more}"


def _when(line: AccessLine) -> str:
    parts = []
    if line.agent is not None:
        parts.append(f"through {safe(line.agent)}")
    if line.context is not None:
        parts.append(f"in {safe(line.context)}")
    if line.at is not None:
        parts.append(f"from {format_instant(line.at)}")
    return f", {' '.join(parts)}" if parts else ""


def _show_verdict(meaning: Meaning, printer: Printer) -> None:
    style = {"equal": "green", "tighter": "green", "looser": "red", "mixed": "yellow"}.get(meaning.verdict, "yellow")
    if meaning.verdict == "unknown":
        halves = f"{_half(meaning.loosens, 'more')} {_half(meaning.tightens, 'less')}"
        printer.line(("bold", "Verdict: "), (style, "unknown"), f". {halves}")
    else:
        printer.line(("bold", "Verdict: "), (style, meaning.verdict), f": {VERDICT_WORDS[meaning.verdict]}")
    for word, witness in (("More", meaning.looser), ("Less", meaning.tighter)):
        if witness is not None:
            printer.paragraph(witness_sentence(witness, meaning.at), first=(f"  {word}: ",), hang=4)
    for doubt in meaning.unknown:
        printer.paragraph(safe(doubt), first=("  ", ("yellow", "Unknown"), ": "), hang=4)


def _half(answer: str, word: str) -> str:
    return f"{_HALVES[answer]} {word}" + (" is not known." if answer == "unknown" else ".")


def witness_sentence(witness: WitnessCall, at: dt.datetime | None) -> str:
    """Who, doing what, and what becomes of it; when, unless that is at the moment `at` of the plan. So two plans of the
    same change read alike."""
    who = _subject(witness) + (f" at {format_instant(witness.at)}" if witness.at != at else "")
    change = f"{safe(witness.before)} -> {safe(witness.after)}"
    if witness.setting is not None:
        return f"{who}: {safe(witness.setting)} ({change})."
    call = safe(witness.tool) + (f" {_params(witness.params)}" if witness.params else "")
    note = f" ({safe(witness.note)})" if witness.note else ""
    elevated = " while elevated" if witness.elevated else ""
    versions = ""
    if witness.versions:
        versions = " with " + ", ".join(f"{safe(name)} {safe(value)}" for name, value in witness.versions.items())
    return f"{who}{versions} calls {call}{note}{elevated} ({change})."


def _subject(witness: WitnessCall) -> str:
    text = safe(witness.user)
    if witness.instance is not None:
        text += f" on {safe(witness.instance)}"
    if witness.groups:
        text += f" in {', '.join(safe(group) for group in witness.groups)}"
    if witness.claims:
        text += f" with the claim {', '.join(safe(claim) for claim in witness.claims)}"
    if witness.tags:
        text += " on a machine with " + ", ".join(f"{safe(tag)}={safe(value)}" for tag, value in witness.tags.items())
    if witness.agent is not None:
        text += f" through {safe(witness.agent)}"
    if witness.context is not None:
        text += f" in the context {safe(witness.context)}"
    return text


def _params(params: dict[str, object]) -> str:
    text = safe(orjson.dumps(params).decode())
    return text if len(text) <= _LONGEST_PARAMS else f"{text[:_LONGEST_PARAMS]}..."
