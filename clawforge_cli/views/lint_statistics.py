"""How often each code was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from clawforge.diagnostic import Severity
from clawforge.lint.report import Reported
from clawforge_cli.views import json_documents
from clawforge_cli.views.human_problems import SEVERITY_STYLE, plural
from clawforge_cli.views.terminal import Printer, harmless, safe


def show_statistics(items: Sequence[Reported], *, as_json: bool) -> None:
    """`{statistics[]}`, or one line a code, the most frequent first."""
    counts = statistics(items)
    if as_json:
        entries = [{"code": code, "severity": severity.value, "count": count} for severity, code, count in counts]
        json_documents.show(harmless({"statistics": entries}))
        return
    printer = Printer()
    width = max((len(str(count)) for _, _, count in counts), default=0)
    for severity, code, count in counts:
        printer.line(f"{count:>{width}}  ", (SEVERITY_STYLE[severity], f"{severity:<7}"), f"  {safe(code)}")
    total = sum(count for _, _, count in counts)
    printer.line(f"{plural(total, 'finding')} with {plural(len(counts), 'code')}." if counts else "No findings.")


def statistics(items: Sequence[Reported]) -> list[tuple[Severity, str, int]]:
    """Severity, code and number, the most frequent first."""
    counts = Counter((item.diagnostic.severity, item.diagnostic.code) for item in items)
    found = [(severity, code, count) for (severity, code), count in counts.items()]
    return sorted(found, key=lambda entry: (-entry[2], entry[1], entry[0]))
