"""The agent's durable state: one file that is replaced as a whole or not at all, in a directory that only its user can
enter, held by one process at a time."""

from __future__ import annotations

import fcntl
import os
import stat
from pathlib import Path
from typing import Annotated, Literal

import orjson
from pydantic import Field

from clawforge.canonical import canonical_bytes, digest
from clawforge.errors import ClawforgeError, ConflictError, InputError
from clawforge.keys import Counter
from clawforge.message import Message
from clawforge.resource.meta import Instant, Sha256, Strict
from clawforge.trust import TrustState

STATE_NAME = "state.json"
LOCK_NAME = "agent.lock"
_STATE_LIMIT = 64 * 1024 * 1024


class AgentState(Strict):
    """Identity, where to poll, and what is believed. `out_of_range_since`: when this machine's versions were first
    seen outside of a version target, None while they are inside. `next_credential` was offered and is to replace the
    present one, which is used since `credential_since`. `ended`: why the control plane put this machine out.
    `newest_message` is the number of the last message that was kept, `inbox` those that nobody was shown yet."""

    schema_: Annotated[Literal["clawforge.agent-state/v1"], Field(alias="schema")] = "clawforge.agent-state/v1"
    server: str
    insecure_http: bool = False
    credential: Annotated[str, Field(repr=False)]
    next_credential: Annotated[str | None, Field(repr=False)] = None
    credential_since: Instant | None = None
    ended: str | None = None
    host: str = "openclaw"
    host_version: str | None = None
    workspace: str | None = None
    out_of_range_since: Instant | None = None
    newest_message: Counter = 0
    inbox: tuple[Message, ...] = ()
    trust: TrustState


class _StateFile(Strict):
    """The file: the state and a digest of it, so that a damaged disk is noticed before the content is used."""

    digest: Sha256
    state: AgentState


class CorruptStateError(ClawforgeError):
    """There is a state file, but it cannot be used."""

    code = "corrupt-state"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"The agent's state file {path} cannot be used: {why}. Every call is denied.",
            hint="It was left as it is. Restore it, or move it away and enrol this machine again with a new token: "
            "`clawforge agent run --server URL --enroll TOKEN --state DIR`.",
        )


class Store:
    """The state directory of one running agent."""

    def __init__(self, directory: Path, lock: int) -> None:
        self.directory = directory
        self._lock = lock

    @classmethod
    def open(cls, directory: Path) -> Store:
        """Make and lock the directory.

        Raises InputError if it cannot be made safe, ConflictError (`agent-running`) if another agent holds it.
        """
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            found = directory.stat()
            if found.st_uid != os.geteuid():
                raise InputError(f"The state directory {directory} belongs to another user.")
            if stat.S_IMODE(found.st_mode) != 0o700:
                directory.chmod(0o700)
            lock = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise InputError(f"The state directory {directory} cannot be used: {error.strerror}.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise ConflictError(
                f"Another agent is running on {directory}.",
                hint="Stop it first, or give this one a state directory of its own.",
                code="agent-running",
            ) from error
        return cls(directory, lock)

    @property
    def path(self) -> Path:
        """The state file."""
        return self.directory / STATE_NAME

    def read(self) -> AgentState | None:
        """The state; None if this directory was never enrolled. Raises CorruptStateError for anything unusable."""
        try:
            raw = self._read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise CorruptStateError(self.path, error.strerror or "it cannot be read") from error
        try:
            document = orjson.loads(raw)
            state_file = _StateFile.model_validate_json(raw, strict=True)
        except ValueError as error:  # orjson's and pydantic's errors are both ValueErrors
            raise CorruptStateError(self.path, "it is damaged or of another version") from error
        if state_file.digest != digest(document["state"]):
            raise CorruptStateError(self.path, "it is damaged")
        return state_file.state

    def _read_bytes(self) -> bytes:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as stream:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise CorruptStateError(self.path, "it is no regular file")
            if found.st_uid != os.geteuid() or found.st_mode & 0o022:
                raise CorruptStateError(self.path, "another user could have written it")
            raw = stream.read(_STATE_LIMIT + 1)
        if len(raw) > _STATE_LIMIT:
            raise CorruptStateError(self.path, "it is too large")
        return raw

    def write(self, state: AgentState) -> None:
        """Replace the state; once this returns, it survives a power cut. On OSError the old one stands."""
        body = state.model_dump(mode="json", by_alias=True)
        raw = canonical_bytes({"digest": digest(body), "state": body})
        temporary = self.directory / f"{STATE_NAME}.new"
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(raw)
            stream.flush()
            os.fsync(descriptor)
        os.replace(temporary, self.path)
        folder = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def close(self) -> None:
        """Let another agent have the directory."""
        os.close(self._lock)
