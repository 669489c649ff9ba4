"""What no list names has something that stands for it, however much the lists name."""

from __future__ import annotations

import string
from itertools import product

from strategies import resource
from verdict_check import check

from clawforge.analysis.sections.unnamed import unnamed
from clawforge.analysis.verdict import Answer


def test_more_words_are_named_than_anybody_would_try() -> None:
    letters = (*string.ascii_lowercase, *string.digits, "ä")
    named = {"".join(some) + "other" for size in range(3) for some in product(letters, repeat=size)}
    assert unnamed("other", named.__contains__) not in named


def test_every_prefix_is_named() -> None:
    """Whatever begins with a letter or digit is denied, as is all that begins so below a server; the rest is freed."""
    prefixes = [f"{start}{letter}*" for start in ("", "mcp__") for letter in string.ascii_lowercase + string.digits]
    states = [
        resource("Policy", "base", {"appliesTo": "everyone", "tools": {"allow": allow, "deny": prefixes}})
        for allow in ([], ["*"])
    ]
    judged = check([states[0]], [states[1]])
    assert judged.tightens is Answer.NO
