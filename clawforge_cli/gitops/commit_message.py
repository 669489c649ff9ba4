"""The message of a commit: a subject, why, and lines for programs at its end."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

MADE_BY_US = "Clawforge-Proposal"
"""The trailer of every commit that is made here. A branch with other commits on it is somebody's own."""

_LONGEST_SUBJECT = 72
_CUTS_A_PATCH = re.compile(r"^(---|diff |Index:|From |>+From )")
"""Where `git am` would take the message to be over."""
_HEADER = re.compile(r"^([A-Za-z-]+:|\[PATCH)")
"""What `git am` reads as a header where a body begins, such as `From:`, with and without a space behind it."""
_SCISSORS = re.compile(r"(?<=>)(?=[8%])|(?<=[8%])(?=<)")
"""Where `git am --scissors` would cut off what stands before."""


@dataclass(frozen=True, slots=True)
class CommitMessage:
    """`subject` is one line, `reason` why. `made_by` is the command; `trailers` are names and values beside it."""

    subject: str
    reason: str
    made_by: str
    trailers: tuple[tuple[str, str], ...] = ()

    def text(self) -> str:
        """The whole message. What comes from people stays text: it can neither add a trailer nor end the message."""
        subject = _one_line(self.subject)
        if len(subject) > _LONGEST_SUBJECT:
            subject = f"{subject[: _LONGEST_SUBJECT - 3].rstrip()}..."
        first, gap, rest = _clean(self.reason).strip().partition("\n\n")
        first = "\n".join(f"    {line}" if _HEADER.match(line) else line for line in first.split("\n"))
        reason = "\n".join(map(_harmless_line, f"{first}{gap}{rest}".split("\n")))
        trailers = [(MADE_BY_US, self.made_by), *self.trailers]
        ending = "\n".join(f"{name}: {_one_line(value)}" for name, value in trailers)
        return "\n\n".join(part for part in (subject, reason, ending) if part) + "\n"


def _clean(text: str) -> str:
    return "".join(
        character for character in text if character == "\n" or unicodedata.category(character) not in {"Cc", "Cs"}
    )


def _one_line(text: str) -> str:
    return " ".join(_clean(text.replace("\t", " ")).split())


def _harmless_line(line: str) -> str:
    whole = _SCISSORS.sub(" ", line) if "-" in line else line
    return f"    {whole}" if _CUTS_A_PATCH.match(whole) else whole.rstrip()
