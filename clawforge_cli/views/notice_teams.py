"""A notice for a webhook of the Workflows app in Microsoft Teams: an Adaptive Card, whose text stands in text runs,
which know no markup.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from clawforge.reconcile.notice import Notice, NoticeSeverity
from clawforge_cli.views.notice_words import facts_of, text_of, title_of

_FUNCTION = re.compile(r"\{(?=\{)")
_COLOURS = {
    NoticeSeverity.INFO: "Default",
    NoticeSeverity.WARNING: "Warning",
    NoticeSeverity.ERROR: "Attention",
    NoticeSeverity.CRITICAL: "Attention",
}


def teams_body(notice: Notice) -> bytes:
    """JSON of a message with one card."""
    body = [_run(title_of(notice), weight="Bolder", size="Medium", color=_COLOURS[notice.severity])]
    body += [_run(line) for line in text_of(notice).split("\n") if line.strip()]
    body.append(_run(" · ".join(f"{name} {value}" for name, value in facts_of(notice)), isSubtle=True, size="Small"))
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
    }
    if notice.url is not None:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Show it", "url": notice.url}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return orjson.dumps({"type": "message", "attachments": [attachment]})


def _run(text: str, **look: Any) -> dict[str, Any]:
    # `{{` begins a function of the card, such as one that writes a date.
    inert = _FUNCTION.sub("{ ", text)
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": inert, **look}]}
