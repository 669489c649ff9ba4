"""What became of notices, for people."""

from __future__ import annotations

from collections.abc import Sequence

from clawforge.resource.meta import format_instant
from clawforge_cli.gitops.delivery_log import Delivery
from clawforge_cli.views.terminal import Printer, safe

_STYLES = {"delivered": "green", "refused": "red", "failed": "red", "dropped": "yellow"}
_WIDTH = len("delivered")


def show_log(deliveries: Sequence[Delivery], printer: Printer) -> None:
    """One a line: when, what became of it, which notice went where, and how it ended."""
    if not deliveries:
        printer.line("No notice went out yet.")
    for item in deliveries:
        when = format_instant(item.at.replace(microsecond=0))
        printer.line(f"{when}  ", _status(item), f"  {safe(item.source)}  {safe(item.kind)}  {_where(item)}")


def show_trial(delivery: Delivery, printer: Printer) -> None:
    """The same of a single one, for whoever has just sent it."""
    printer.line(_status(delivery), f"  {_where(delivery)}")


def _status(item: Delivery) -> tuple[str, str]:
    return (_STYLES[item.status], f"{item.status:<{_WIDTH}}")


def _where(item: Delivery) -> str:
    tries = "" if item.attempts == 1 else f", {item.attempts} attempts"
    return f"{safe(item.route)} to {safe(item.to)}: {safe(item.detail)}{tries}"
