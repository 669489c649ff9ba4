"""A notice for an incoming webhook of Slack. Its text stands in plain-text objects, where no markup acts."""

from __future__ import annotations

from typing import Any

import orjson

from clawforge.reconcile.notice import Notice
from clawforge_cli.views.notice_words import facts_of, text_of, title_of

_MOST_HEADER = 150
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def slack_body(notice: Notice) -> bytes:
    """JSON of Slack's Block Kit. `text` is what a notification on a phone shows."""
    title = title_of(notice)
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(title[:_MOST_HEADER])}]
    if notice.text.strip():
        blocks.append({"type": "section", "text": _plain(text_of(notice))})
    facts = " · ".join(f"{name} {value}" for name, value in facts_of(notice))
    blocks.append({"type": "context", "elements": [_plain(facts)]})
    if notice.url is not None:
        # The one place with markup: a bar, or a closing bracket, would end the address.
        address = notice.url.translate(_ESCAPES).replace("|", "%7C")
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": f"<{address}|Show it>"}})
    # This text is read as markup: with these three escaped, neither links nor mentions of everybody can stand in it.
    return orjson.dumps({"text": title.translate(_ESCAPES), "blocks": blocks})


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
