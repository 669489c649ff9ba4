"""Every session of this user: an index in a file, tokens in the keyring or beside the index."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from clawforge.errors import InputError
from clawforge_cli.session.keyring_tokens import KeyringTokens
from clawforge_cli.session.private_file import PrivateFile
from clawforge_cli.session.record import SessionFile, StoredSession, Tokens


class Vault:
    """Reading needs no lock; hold `locked` from reading until writing."""

    def __init__(self, directory: Path, keyring: KeyringTokens | None = None) -> None:
        self._file = PrivateFile(directory, "sessions.json")
        self._keyring = keyring or KeyringTokens()

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One at a time: a refresh token that two processes use kills the session."""
        with self._file.locked():
            yield

    def sessions(self) -> tuple[StoredSession, ...]:
        """All of them, the latest sign-in last. Raises InputError for a file that cannot be used."""
        data = self._file.read()
        if data is None:
            return ()
        try:
            return SessionFile.model_validate_json(data).sessions
        except ValidationError as error:
            raise InputError(
                f"The session file {self.path} is damaged, or of another version.",
                hint="Remove it and sign in again with `clawforge login`.",
                code="unsafe-session-file",
            ) from error

    def find(self, server: str | None, org: str | None) -> StoredSession | None:
        """The latest session of a server and org; of any where None is given."""
        fitting = [
            item for item in self.sessions() if server in (None, item.server) and (org is None or org == item.org)
        ]
        return fitting[-1] if fitting else None

    def tokens(self, session: StoredSession) -> Tokens | None:
        """The tokens of a session; None if the keyring does not give them out."""
        return session.tokens or self._keyring.find(session)

    def keep(self, session: StoredSession) -> bool:
        """Keep a session in the place of the one before; whether its tokens went into the keyring."""
        others = [item for item in self.sessions() if item.place != session.place]
        in_keyring = self._keyring.keep(session)
        kept = session.model_copy(update={"tokens": None}) if in_keyring else session
        self._write((*others, kept))
        return in_keyring

    def drop(self, session: StoredSession) -> None:
        """Forget a session."""
        self._write(tuple(item for item in self.sessions() if item.place != session.place))
        self._keyring.drop(session)

    def _write(self, sessions: tuple[StoredSession, ...]) -> None:
        self._file.write(SessionFile(sessions=sessions).model_dump_json(by_alias=True).encode())
