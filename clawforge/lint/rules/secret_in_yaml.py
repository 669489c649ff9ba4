"""A credential in the files: whoever reads the repository has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from clawforge.diagnostic import Diagnostic, Location, Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.dlp_rule_set import DlpRuleSet
from clawforge.resource.meta import Resource
from clawforge.resource.policy_test import PolicyTest

if TYPE_CHECKING:
    from clawforge.decide.dlp.engine import RuleMatch, Scanner
    from clawforge.load.comment import Comment
    from clawforge.load.project import Project

_PATTERN = re.compile(r"^/spec/rules/\d+/(pattern|keywords/\d+)$")
_ARMOUR = re.compile(r"-----(?:BEGIN|END) [A-Z0-9 ]+-----")
# A header alone, as tests use it, holds no key; the shortest key has about forty characters.
_LEAST_KEY = 32
_MESSAGE = "This {what} holds a secret (detector `{detector}`)."
_HINT = "Revoke it first, since the history of the repository keeps it; then remove it."


def _check(context: LintContext) -> Iterable[Finding]:
    from clawforge.decide.dlp.credentials import may_hold_credential
    from clawforge.lint.discretion import secret_scanner

    scanner: Scanner | None = None
    for resource, written in zip(context.resources, context.written, strict=True):
        if may_hold_credential(written):
            scanner = scanner or secret_scanner()
            yield from _secrets(resource, scanner)


def _secrets(resource: Resource, scanner: Scanner) -> Iterator[Finding]:
    from clawforge.lint.resource_text import texts_of

    seen: set[tuple[str, str]] = set()
    for pointer, text in texts_of(resource):
        if isinstance(resource, DlpRuleSet) and _PATTERN.match(pointer):
            continue
        for match in _matches(scanner, text):
            if (pointer, match.detector) not in seen:
                seen.add((pointer, match.detector))
                yield _finding(resource, pointer, match.detector)


def _finding(resource: Resource, pointer: str, detector: str) -> Finding:
    tested = isinstance(resource, PolicyTest) and "/call/params" in pointer
    message = _MESSAGE.format(what="text", detector=detector)
    if tested:
        hint = "If it was ever valid, revoke it; if it is made up for the test, make it up so that nobody has to ask."
        return Finding("secret-in-yaml", resource.address, pointer, message, hint, Severity.WARNING)
    return Finding("secret-in-yaml", resource.address, pointer, message, _HINT)


def _check_files(project: Project) -> Iterable[Diagnostic]:
    """Secrets in comments, those over several lines too, and in the project file."""
    from clawforge.decide.dlp.credentials import may_hold_credential
    from clawforge.lint.discretion import secret_scanner
    from clawforge.lint.resource_text import texts_in

    for block in _blocks(project.comments):
        yield from _in_comments(block, secret_scanner())
    for pointer, text in texts_in(project.document.value) if project.document else ():
        if may_hold_credential(text):
            for match in _matches(secret_scanner(), text):
                message = _MESSAGE.format(what="text", detector=match.detector)
                yield Diagnostic("secret-in-yaml", message, project.file_location(pointer), _HINT)


def _blocks(comments: Iterable[Comment]) -> Iterator[list[Comment]]:
    """Comments on lines that follow one another."""
    block: list[Comment] = []
    for comment in comments:
        if block and (comment.file, comment.line) != (block[-1].file, block[-1].line + 1):
            yield block
            block = []
        block.append(comment)
    if block:
        yield block


def _in_comments(block: list[Comment], scanner: Scanner) -> Iterator[Diagnostic]:
    text = "\n".join(comment.text for comment in block)
    for match in _matches(scanner, text):
        before = text[: match.start]
        comment = block[before.count("\n")]
        col = comment.start + match.start - (before.rfind("\n") + 1)
        message = _MESSAGE.format(what="comment", detector=match.detector)
        yield Diagnostic("secret-in-yaml", message, Location(comment.file, comment.line, col), _HINT)


def _matches(scanner: Scanner, text: str) -> Iterator[RuleMatch]:
    for match in scanner.scan(text):
        if match.detector != "private-key" or _has_key(text[match.start : match.end]):
            yield match


def _has_key(armoured: str) -> bool:
    body = _ARMOUR.sub("", armoured)
    return sum(character.isalnum() for character in body) >= _LEAST_KEY


RULE = Rule(
    id="secret-in-yaml",
    name="Secrets must not stand in files",
    severity=Severity.ERROR,
    what="Credentials in any text of a resource or of clawforge.yaml, names of keys included, and in comments, lines "
    "that were commented out included: found by the detectors for private keys, GitHub tokens and AWS keys. A warning "
    "in the parameters of a PolicyTest, where it may be made up. Patterns of DLP rules are not looked at. The value "
    "itself is never shown.",
    why="A repository is read by many, copied to every machine that works with it, and keeps its history.",
    bad="""\
apiVersion: clawforge/v1
kind: User
metadata:
  name: alice
  # The escape keeps tools that look for secrets away from this made-up example.
  annotations: {token: "ghp\\x5Fa1B2c3D4e5F6g7H8i9J0kLmNoPqRsT2Q67Zp"}
spec: {email: alice@acme.example}
""",
    good="""\
apiVersion: clawforge/v1
kind: User
metadata:
  name: alice
  annotations: {token: in the vault under clawforge/alice}
spec: {email: alice@acme.example}
""",
    check=_check,
    check_files=_check_files,
    confidential=True,
)
