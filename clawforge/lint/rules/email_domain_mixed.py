"""An email domain that is one letter away from everybody else's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from clawforge.diagnostic import Severity
from clawforge.finding import Finding
from clawforge.lint.context import LintContext
from clawforge.lint.rule import Rule
from clawforge.resource.user import User

_LEAST_COMMON = 3
_MOST_COMPARED = 8


def _check(context: LintContext) -> Iterable[Finding]:
    domains = {user.address: user.spec.email.partition("@")[2] for user in context.each(User)}
    counts = Counter(domains.values())
    common = [name for name, count in counts.most_common(_MOST_COMPARED) if count >= _LEAST_COMMON]
    meant: dict[str, str] = {}
    for name, count in counts.items():
        near = next((one for one in common if count * _LEAST_COMMON <= counts[one] and _one_edit(name, one)), None)
        if near is not None:
            meant[name] = near
    for address, domain in domains.items():
        if domain in meant:
            yield Finding(
                "email-domain-mixed",
                address,
                "/spec/email",
                f"The domain `{domain}` is one letter away from `{meant[domain]}`, which most users have.",
                f"Did you mean `{meant[domain]}`?",
                Severity.NOTE,
            )


def _one_edit(left: str, right: str) -> bool:
    """Whether one letter put in, left out, replaced, or swapped with the next makes one of the other."""
    if left == right or abs(len(left) - len(right)) > 1:
        return False
    at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    if len(left) != len(right):
        short, long = sorted((left, right), key=len)
        return short[at:] == long[at + 1 :]
    return left[at + 1 :] == right[at + 1 :] or (
        left[at : at + 2] == right[at : at + 2][::-1] and left[at + 2 :] == right[at + 2 :]
    )


RULE = Rule(
    id="email-domain-mixed",
    name="Email domains should not be misspelt",
    severity=Severity.NOTE,
    what="Users whose email domain differs by one letter from one that at least three times as many users have.",
    why="A user is found by email. With a misspelt one the person gets what undeclared people get, and whoever "
    "registers the domain gets what was meant for them.",
    bad="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: bob}
spec: {email: bob@acme.example}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: carol}
spec: {email: carol@acme.example}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: dave}
spec: {email: dave@acne.example}
""",
    good="""\
apiVersion: clawforge/v1
kind: User
metadata: {name: alice}
spec: {email: alice@acme.example}
---
apiVersion: clawforge/v1
kind: User
metadata: {name: dave}
spec: {email: dave@northlight.example}
""",
    check=_check,
)
