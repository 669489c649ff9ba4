"""Verifying an org's whole audit log against what was signed, with nothing taken on the server's word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from clawforge.errors import UntrustedError
from clawforge.keys import decode_public_key
from clawforge.ledger.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from clawforge.ledger.verification import Finding, LogVerifier
from clawforge.resource.meta import Name, Strict
from clawforge.wire_audit import AuditPage, CheckpointList
from clawforge_cli.audit_client import AuditFilter, AuditLog


class ExportedCheckpoint(Strict):
    """The file that `audit checkpoint` writes: a checkpoint, and the root key that vouches for it."""

    org: Name
    root_key: str
    signed: SignedCheckpoint


class LogSource(Protocol):
    """Where the log comes from."""

    def checkpoints(self) -> CheckpointList:
        """What the server says was signed."""

    def page(self, after: int) -> AuditPage:
        """Records above a number, with the hashes of the subtrees that end among them."""


class RemoteLog:
    """The log of an org on a control plane."""

    def __init__(self, log: AuditLog, org: str) -> None:
        self._log = log
        self._org = org

    def checkpoints(self) -> CheckpointList:
        """What the server says was signed."""
        return self._log.checkpoints(self._org)

    def page(self, after: int) -> AuditPage:
        """Records above a number, with the hashes of the subtrees that end among them."""
        return self._log.page(self._org, AuditFilter(), cursor=after, nodes=True)


@dataclass(frozen=True, slots=True)
class Verification:
    """What was verified, and what was found; `pinned` says whether the root key was known beforehand."""

    org: str
    records: int
    root: str
    checkpoints: int
    pinned: bool
    root_key: str
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Signed:
    valid: list[Checkpoint] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def verify_log(
    org: str,
    source: LogSource,
    *,
    root_key: str | None = None,
    exported: ExportedCheckpoint | None = None,
    progress: Callable[[int, int], None] = lambda done, size: None,
) -> Verification:
    """Read everything and check it.

    `root_key` is the org's root key in base64 where it is known; an exported checkpoint brings its own. Raises
    UntrustedError for an exported checkpoint that does not verify itself.
    """
    known: list[Checkpoint] = []
    if exported is not None:
        root_key = root_key or exported.root_key
        known.append(open_checkpoint(exported.signed, decode_public_key(root_key), org=org))
    stated = source.checkpoints()
    signed = _opened(org, stated, root_key or stated.root_key)
    if root_key is not None and stated.root_key != root_key:
        signed.findings.append(Finding("root-key-changed", 0, "The server shows another root key than the known one."))
    verifier = LogVerifier(org, tuple(signed.valid), tuple(known))
    # A head that cannot be read states nothing; the records are read all the same.
    beyond = _read(source, verifier, stated.size or None, progress)
    if beyond and source.checkpoints().size <= stated.size:
        signed.findings.append(
            Finding("record-inserted", stated.size + 1, "There are records beyond the end that the server states.")
        )
    # A head that the server itself does not believe states no size.
    findings = [*signed.findings, *verifier.finish(None if stated.damage and not stated.size else stated.size)]
    if stated.damage and not findings:
        findings.append(Finding("ledger-damaged", 0, stated.damage))
    if not verifier.size and not findings:
        findings.append(Finding("log-empty", 1, "There is no record, not even of the org's own beginning."))
    return Verification(
        org=org,
        records=verifier.size,
        root="sha256:" + verifier.root.hex(),
        checkpoints=len(signed.valid) + len(known),
        pinned=root_key is not None,
        root_key=root_key or stated.root_key,
        findings=tuple(sorted(findings, key=lambda item: (item.seq, item.code))),
    )


def _opened(org: str, stated: CheckpointList, root_key: str) -> _Signed:
    """The checkpoints that verify, and findings about the others."""
    found = _Signed()
    root = decode_public_key(root_key)
    for stored in stated.checkpoints:
        try:
            checkpoint = open_checkpoint(stored.signed, root, org=org)
        except UntrustedError as error:
            message = f"The checkpoint of {stored.size} records is not to be trusted: {error.message}"
            found.findings.append(Finding("checkpoint-invalid", max(stored.size, 0), message))
            continue
        if (checkpoint.size, checkpoint.at) != (stored.size, stored.at):
            message = (
                f"The checkpoint of {checkpoint.size} records is kept as one of {stored.size}, or of another time."
            )
            found.findings.append(Finding("checkpoint-edited", checkpoint.size, message))
        found.valid.append(checkpoint)
    return found


def _read(source: LogSource, verifier: LogVerifier, size: int | None, progress: Callable[[int, int], None]) -> bool:
    """Feed the verifier up to the stated size; whether there was more."""
    cursor = 0
    while True:
        page = source.page(cursor)
        for event in page.events:
            if size is not None and event.seq > size:
                verifier.add_nodes(page.nodes)
                return True
            verifier.add(event)
        verifier.add_nodes(page.nodes)
        progress(verifier.size, size or verifier.size)
        if page.next is None or page.next <= cursor:
            return False
        cursor = page.next
