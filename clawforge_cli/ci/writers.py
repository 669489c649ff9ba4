"""Who wrote a change, by the word of its forge.

Whoever wrote it may not approve it. So it matters less who is named than that nobody is left out: a commit whose author
cannot be told leaves nobody who surely did not write it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MOST = 1_000
_NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,254}")
_COAUTHOR = re.compile(r"^[ \t]*co-authored-by:[^<\n]*<([^<>\n]*)>", re.IGNORECASE | re.MULTILINE)
_HIDDEN = {
    "github": re.compile(r"([1-9][0-9]{0,18})\+[^@\s]+@users\.noreply\.[^@\s]+"),
    "gitlab": re.compile(r"([1-9][0-9]{0,18})-[^@\s]+@users\.noreply\.[^@\s]+"),
}
"""The address that a forge gives those who hide theirs, such as `1002+bob@users.noreply.github.com`."""


@dataclass(frozen=True, slots=True)
class Writers:
    """`authors` are accounts as `github:583231`, and addresses of those who have none that the forge knows.
    `addresses` stand in commits beside accounts. `remark` says why these are not all."""

    authors: tuple[str, ...]
    addresses: tuple[str, ...] = ()
    remark: str = ""


class WriterList:
    """Gathers who wrote a change. `forge` is how its accounts are named, `github` or `gitlab`."""

    def __init__(self, forge: str) -> None:
        self._forge = forge
        self._authors: set[str] = set()
        self._addresses: set[str] = set()
        self._remark = ""

    def add(self, account: str | None, address: str | None) -> None:
        """Somebody, by the account that the forge knows for them and by the address in the commit."""
        written = self._read(address or "")
        if account:
            self._authors.add(account)
            self._addresses.update(() if written is None else (written,))
        elif written is not None:
            self._authors.add(written)
        else:
            self.incomplete("Somebody wrote a commit whom the forge does not know, so no approval counts.")

    def add_coauthors(self, message: str) -> None:
        """Whom the message of a commit names as such."""
        for address in _COAUTHOR.findall(message):
            self.add(None, address)

    def incomplete(self, remark: str) -> None:
        """Not everybody can be told, and why."""
        self._remark = self._remark or remark

    def done(self) -> Writers:
        """Everybody."""
        authors, addresses = sorted(self._authors), sorted(self._addresses - self._authors)
        if len(authors) + len(addresses) > _MOST:
            self.incomplete("The change has too many authors for anybody's approval to count.")
        return Writers(tuple(authors[:_MOST]), tuple(addresses[:_MOST]), self._remark)

    def _read(self, address: str) -> str | None:
        """The account that an address hides, or else the address; None for what is none."""
        text = address.strip().lower()
        hidden = _HIDDEN[self._forge].fullmatch(text)
        if hidden is not None:
            return f"{self._forge}:{hidden[1]}"
        return text if _NAME.fullmatch(text) else None
