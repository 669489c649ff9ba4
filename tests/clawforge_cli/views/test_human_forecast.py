from __future__ import annotations

import datetime as dt
import io

from clawforge.analysis.upcoming import Upcoming, UpcomingKind
from clawforge_cli.look_ahead import Outlook
from clawforge_cli.views.human_forecast import show_outlook
from clawforge_cli.views.terminal import Printer


def shown(outlook: Outlook, word: str = "By") -> str:
    stream = io.StringIO()
    show_outlook(outlook, Printer(stream, colour=False), word=word)
    return stream.getvalue()


def item(**changes: object) -> Upcoming:
    plain = Upcoming(
        at=dt.datetime(2026, 12, 1, tzinfo=dt.UTC),
        kind=UpcomingKind.ACCOUNT_EXPIRES,
        address="ServiceAccount/ci",
        pointer="/spec/expires",
        what="The service account expires.",
    )
    return plain.model_copy(update=changes)


def test_one_line_a_change_with_its_place_where_that_is_known() -> None:
    assert shown(Outlook("2026-12-31", (item(file="a.yaml", line=3), item()))) == (
        "\n"
        "By 2026-12-31:\n"
        "  2026-12-01T00:00:00Z  ServiceAccount/ci (a.yaml:3): The service account expires.\n"
        "  2026-12-01T00:00:00Z  ServiceAccount/ci: The service account expires.\n"
    )


def test_nothing_is_said_to_be_nothing() -> None:
    assert shown(Outlook("2026-12-31", ()), "Until") == "\nUntil 2026-12-31 nothing changes by itself.\n"


def test_texts_from_files_cannot_act() -> None:
    said = shown(Outlook("x\x1b[2J", (item(what="a\u202eb\n::set-output::", file="\x9b.yaml", line=1),)))
    assert said.isascii()
    assert said.count("\n") == 3
    assert "\x1b" not in said
