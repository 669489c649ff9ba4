"""Suggested policies for people: on standard output the diff, which a program may apply, and beside it what it is."""

from __future__ import annotations

import sys

from clawforge.analysis.replay.recorded_call import MEANINGS
from clawforge.analysis.suggest.narrowing import Suggestion
from clawforge.analysis.suggest.suggest import Suggested
from clawforge_cli.suggest_run import WrittenSuggestions
from clawforge_cli.views.human_layout import show_diff
from clawforge_cli.views.terminal import Printer, note, safe


def show_suggestions(found: Suggested, files: WrittenSuggestions, printer: Printer) -> None:
    """The diff, then policy by policy what was left alone and why, then what the calls showed."""
    for file in files.files:
        show_diff(file.path, file.before or b"", file.after, printer)
    # What goes to standard output stands first in a log that takes both.
    sys.stdout.flush()
    for item in found.suggestions:
        _tell(item)
    for address in files.unwritten:
        note(f"{safe(address)} is written in a way that is not changed safely; --format json has the values.")
    for what, lines in found.tally.remarks.items():
        many = "1 line, which" if lines.count == 1 else f"{lines.count:,} lines, each of which"
        note(f"There {'is' if lines.count == 1 else 'are'} {many} {MEANINGS[what]} ({what.value}).")
    unknown = found.tally.unrecorded + found.tally.unaffected
    if unknown:
        note(f"{_calls(unknown)} cannot be replayed (arguments not recorded).")
    note(f"None of {_calls(found.tally.replayed)} turns out differently under what is suggested.")


def _tell(item: Suggestion) -> None:
    name = safe(item.address)
    if not item.calls:
        note(f"{name}: no call was seen.")
        return
    what = ", ".join(narrowing.path for narrowing in item.narrowings) or "nothing to narrow"
    note(f"{name}: {_calls(item.calls)} seen; {what}.")
    for part, hindrance in item.left.items():
        where = f", first on line {hindrance.line}" if hindrance.line else ""
        note(f"  {part.value} is left alone: {safe(hindrance.reason)}{where}.")


def _calls(count: int) -> str:
    return f"{count:,} {'call' if count == 1 else 'calls'}"


def suggestions_document(found: Suggested, files: WrittenSuggestions) -> dict[str, object]:
    """`{suggestions[{policy, calls, changes[{path, before, after}], left[{section, reason, line?}]}], unwritten[],
    replayed, unrecorded, lines[{code, count, first[]}]}`."""
    return {
        "suggestions": [
            {
                "policy": item.address,
                "calls": item.calls,
                "changes": [
                    {"path": f"spec.{change.path}", "before": change.before, "after": change.after}
                    for change in item.narrowings
                ],
                "left": [
                    {"section": part.value, "reason": why.reason, **({"line": why.line} if why.line else {})}
                    for part, why in item.left.items()
                ],
            }
            for item in found.suggestions
        ],
        "unwritten": list(files.unwritten),
        "replayed": found.tally.replayed,
        "unrecorded": found.tally.unrecorded + found.tally.unaffected,
        "lines": [
            {"code": what.value, "count": lines.count, "first": lines.first}
            for what, lines in found.tally.remarks.items()
        ],
    }
