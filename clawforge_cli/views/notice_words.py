"""What every chat shows of a notice beside its title and text."""

from __future__ import annotations

from clawforge.reconcile.notice import Notice
from clawforge_cli.views.terminal import safe

MOST_TEXT = 2_000
"""Characters of the text in a chat; `clawforge reconcilers` shows all of it."""


def title_of(notice: Notice) -> str:
    """The title, harmless."""
    return safe(notice.title)


def text_of(notice: Notice) -> str:
    """The text with its lines kept, harmless, and cut where a chat would cut it."""
    text = "\n".join(safe(line) for line in notice.text.split("\n"))
    return text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 1] + "…"


def facts_of(notice: Notice) -> tuple[tuple[str, str], ...]:
    """Names and values, those that there are."""
    revision = None if notice.revision is None else f"{notice.revision:,}"
    commit = None if notice.commit is None else notice.commit[:12]
    facts = (
        ("Event", str(notice.kind)),
        ("Severity", str(notice.severity)),
        ("Org", notice.org),
        ("Source", notice.source),
        ("Commit", commit),
        ("Revision", revision),
    )
    return tuple((name, value) for name, value in facts if value is not None)
